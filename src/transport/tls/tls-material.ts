import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { subjectOf } from './certificate-names.js';

/** Paths of PEM files. */
export interface TlsFiles {
  /** The CA certificates that a client certificate must chain to; needed for MTLS alone. */
  readonly caFile: string | undefined;
  /** The server's certificate, followed by intermediate certificates if there are any. */
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** Certificates and key that belong together and that OpenSSL takes. */
export interface TlsMaterial {
  readonly ca: Buffer | undefined;
  readonly certificate: Buffer;
  readonly key: Buffer;
  readonly trustedCertificates: readonly X509Certificate[];
  readonly serverCertificate: X509Certificate;
  readonly serverCertificateValidity: Validity;
  /** Of the CA certificate that expires first; `undefined` without a CA. */
  readonly caValidity: Validity | undefined;
}

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const SERVER_AUTH_OID = '1.3.6.1.5.5.7.3.1';

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Checks that the files hold what they should and belong together.
 * @param read gives a file's contents
 * @throws Error naming the file and what is wrong with it; never with the key in it
 */
export function parseTlsMaterial(files: TlsFiles, read: (path: string) => Buffer): TlsMaterial {
  const certificate = read(files.certificateFile);
  const key = read(files.keyFile);
  const ca = files.caFile === undefined ? undefined : read(files.caFile);
  const [serverCertificate] = parseCertificates(certificate, files.certificateFile);
  const trustedCertificates = files.caFile === undefined || ca === undefined ? [] : parseCertificates(ca, files.caFile);
  if (!serverCertificate.checkPrivateKey(parseKey(key, files.keyFile))) {
    throw new Error(`${files.keyFile} is not the key of ${files.certificateFile} (${subjectOf(serverCertificate)})`);
  }
  // Node.js gives the extended key usages under this name; there are none where the certificate may be used for anything.
  const usages: readonly string[] | undefined = serverCertificate.keyUsage;
  if (usages !== undefined && usages.length > 0 && !usages.includes(SERVER_AUTH_OID)) {
    throw new Error(
      `${files.certificateFile} (${subjectOf(serverCertificate)}) may not be used by a server: it lacks the usage serverAuth`,
    );
  }
  if (files.caFile !== undefined && !trustedCertificates.some((trusted) => trusted.ca)) {
    throw new Error(
      `${files.caFile} holds no CA certificate; it must hold the one that client certificates are issued by`,
    );
  }
  try {
    createSecureContext({ ca, cert: certificate, key });
  } catch (error) {
    throw new Error(`${files.certificateFile} and ${files.keyFile} cannot be used for TLS: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  return {
    ca,
    certificate,
    key,
    trustedCertificates,
    serverCertificate,
    serverCertificateValidity: validityOf(serverCertificate),
    caValidity: trustedCertificates.map(validityOf).sort((a, b) => a.notAfter.getTime() - b.notAfter.getTime())[0],
  };
}

/** From when until when a certificate is valid. */
export function validityOf(certificate: X509Certificate): Validity {
  return { notBefore: new Date(certificate.validFrom), notAfter: new Date(certificate.validTo) };
}

/** What is wrong with a validity at this moment, as the end of a sentence; `undefined` where nothing is. */
export function validityFault({ notBefore, notAfter }: Validity, now: Date): string | undefined {
  if (now > notAfter) {
    return `expired on ${formatDate(notAfter)}`;
  }
  return now < notBefore ? `is not valid before ${formatDate(notBefore)}` : undefined;
}

export function formatDate(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z');
}

function parseCertificates(pem: Buffer, path: string): [X509Certificate, ...X509Certificate[]] {
  const blocks = pem.toString('latin1').match(PEM_CERTIFICATE);
  const [first, ...others] = (blocks ?? []).map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new Error(`${path}: certificate ${index + 1} cannot be read: ${reasonOf(error)}`, { cause: error });
    }
  });
  if (first === undefined) {
    throw new Error(`${path} holds no certificate; it must be PEM with a line "-----BEGIN CERTIFICATE-----"`);
  }
  return [first, ...others];
}

function parseKey(pem: Buffer, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new Error(
      pem.includes('ENCRYPTED')
        ? `${path} is encrypted; the server needs the private key without a passphrase`
        : `${path} holds no private key that can be read; it must be PEM with a line "-----BEGIN PRIVATE KEY-----"`,
      { cause: error },
    );
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
