import type { X509Certificate } from 'node:crypto';

/** The longest distinguished name that logs and messages repeat, in UTF-16 code units: a client chooses its own. */
const MAX_NAME_LENGTH = 256;

/** A distinguished name on one line, e.g. `CN=alice,O=example`. Commas within a value are escaped as `\,`. */
export function oneLineName(distinguishedName: string | undefined): string {
  // Node.js separates the attributes by line feeds and escapes those of the values.
  const line = (distinguishedName ?? '').replaceAll('\n', ',');
  return line.length <= MAX_NAME_LENGTH ? line : `${line.slice(0, MAX_NAME_LENGTH).toWellFormed()}...`;
}

/** The subject, or the serial number where the certificate names nobody. */
export function subjectOf(certificate: X509Certificate): string {
  const subject = oneLineName(certificate.subject);
  return subject === '' ? `serial=${certificate.serialNumber}` : subject;
}
