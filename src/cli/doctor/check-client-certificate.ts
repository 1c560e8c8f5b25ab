import { createPrivateKey, X509Certificate } from 'node:crypto';
import { messageOf } from '../cli-error.js';
import type { ConnectionCredentials, ConnectionSettings } from '../connection.js';
import { type Check, failed, ok, type StepName, skipped, warning } from './check.js';

/** A certificate that ends sooner is worth a warning: renewing takes people time. */
const SOON_MS = 14 * 24 * 3_600_000;

const CLIENT_AUTH_OID = '1.3.6.1.5.5.7.3.2';

/**
 * What can be said of the client certificate without the server: whether it can be read, belongs to its key, may be used by a client.
 * @returns nothing where it is good as far as that goes
 */
export function findClientCertificateFault(
  { cert, key }: ConnectionCredentials,
  { certFile = '', keyFile = '' }: ConnectionSettings,
): Check | undefined {
  const step: StepName = 'client-certificate';
  if (cert === undefined || key === undefined) {
    return undefined;
  }
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch (error) {
    return failed(step, 'REFUSED', `${certFile} is no certificate: ${messageOf(error)}`, certificateAdvice('PEM file'));
  }
  try {
    if (!certificate.checkPrivateKey(createPrivateKey(key))) {
      return failed(
        step,
        'REFUSED',
        `${keyFile} is not the key of ${certFile} (${nameOf(certificate)})`,
        'name the key that was made with this certificate in --key',
      );
    }
  } catch {
    // The reason that OpenSSL gives may hold parts of the file.
    return failed(
      step,
      'REFUSED',
      `${keyFile} holds no private key that can be used`,
      'name a PEM file with an unencrypted private key in --key',
    );
  }
  const usages: readonly string[] | undefined = certificate.keyUsage;
  if (usages !== undefined && usages.length > 0 && !usages.includes(CLIENT_AUTH_OID)) {
    return failed(
      step,
      'REFUSED',
      `${certFile} (${nameOf(certificate)}) may not be used by a client: it lacks the usage clientAuth`,
      certificateAdvice('certificate for clients'),
    );
  }
  return undefined;
}

/** Whether the client certificate is valid now, and for how long it will be. */
export function checkClientCertificateExpiry({ cert }: ConnectionCredentials, now: Date): Check {
  const step: StepName = 'certificate-expiry';
  if (cert === undefined) {
    return skipped(step, 'there is no client certificate');
  }
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch {
    return skipped(step, 'the client certificate cannot be read');
  }
  const { notBefore, notAfter } = validityOf(certificate);
  if (now < notBefore) {
    return failed(
      step,
      'REFUSED',
      `it is not valid before ${notBefore.toISOString()}, and here it is ${now.toISOString()}`,
      "set this machine's clock right, or wait",
    );
  }
  if (now > notAfter) {
    return failed(step, 'REFUSED', `it expired at ${notAfter.toISOString()}`, certificateAdvice('new certificate'));
  }
  const message = `it is valid until ${notAfter.toISOString()}`;
  return notAfter.getTime() - now.getTime() < SOON_MS
    ? warning(step, `${message}, which is soon`, certificateAdvice('new certificate'))
    : ok(step, message);
}

export function validityOf(certificate: X509Certificate): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(certificate.validFrom), notAfter: new Date(certificate.validTo) };
}

/** Subject of a certificate on one line. */
export function nameOf(certificate: X509Certificate): string {
  const subject = certificate.subject ?? '';
  return subject === '' ? `serial ${certificate.serialNumber}` : subject.replaceAll('\n', ',');
}

export function certificateAdvice(what: string): string {
  return `ask the operator of the registry for a ${what}, and name it and its key with --cert and --key`;
}
