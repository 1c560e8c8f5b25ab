import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { oneLineName, subjectOf } from './certificate-names.js';
import type { RefusalReason } from './connection-metrics.js';
import { formatDate, type TlsMaterial, validityFault, validityOf } from './tls-material.js';

/** Why a client certificate is not accepted. */
export interface ClientCertificateFault {
  readonly reason: RefusalReason;
  /** For the caller: what is wrong and what to do about it. */
  readonly message: string;
}

/** Longer chains are refused by OpenSSL long before. */
const MAX_CHAIN_LENGTH = 16;

/**
 * What is wrong with the client certificate of an established connection, `undefined` where nothing is.
 *
 * `socket.authorized` alone does not tell: a client without a certificate that resumes a TLS 1.3 session counts as authorised
 * (`VerifyPeerCertificate` in src/crypto/crypto_common.cc of Node.js 20 takes it for a pre-shared key), and a resumed session
 * repeats the outcome of the first handshake although the certificate may have expired since.
 */
export function findClientCertificateFault(
  socket: TLSSocket,
  certificate: X509Certificate | undefined,
  material: TlsMaterial,
  now: Date,
): ClientCertificateFault | undefined {
  if (certificate === undefined) {
    return {
      reason: 'no_certificate',
      message:
        'no client certificate was presented; send one that the CA of this server issued (curl: --cert and --key)',
    };
  }
  const ownFault = validityFault(validityOf(certificate), now);
  if (socket.authorized && ownFault === undefined) {
    return undefined;
  }
  const who = `client certificate ${subjectOf(certificate)}`;
  // OpenSSL keeps the last of several faults, which is the date; but a foreign certificate needs replacing, not renewing.
  const code = String(socket.authorizationError ?? '');
  if (UNTRUSTED_CODES.has(code) || (DATE_CODES.has(code) && !chainsTo(certificate, material.trustedCertificates))) {
    const trusted = material.trustedCertificates.map((ca) => subjectOf(ca)).join(' or ');
    return {
      reason: 'unknown_ca',
      message:
        `${who} was issued by ${oneLineName(certificate.issuer) || 'an unnamed CA'}, which does not lead to the CA of this ` +
        `server (${trusted}); use a certificate that this CA issued, and send its intermediate certificates with it`,
    };
  }
  if (ownFault !== undefined) {
    const expired = now > validityOf(certificate).notAfter;
    return {
      reason: expired ? 'expired' : 'not_yet_valid',
      message: expired
        ? `${who} ${ownFault}; use a renewed one`
        : `${who} ${ownFault}, and it is ${formatDate(now)} here; wait until then, or set the clock that is wrong`,
    };
  }
  if (code === 'INVALID_PURPOSE') {
    return {
      reason: 'wrong_usage',
      message: `${who} may not be used by a client: its extended key usage lacks clientAuth; use a certificate issued for clients`,
    };
  }
  return {
    reason: 'invalid_certificate',
    message: `${who} was refused (${code}); use a certificate that the CA of this server issued for clients`,
  };
}

/** What OpenSSL says of a chain that ends in no trusted certificate. */
const UNTRUSTED_CODES: ReadonlySet<string> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
]);

const DATE_CODES: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

function chainsTo(certificate: X509Certificate, trusted: readonly X509Certificate[]): boolean {
  let link: X509Certificate | undefined = certificate;
  for (let length = 0; link !== undefined && length < MAX_CHAIN_LENGTH; length++) {
    const current: X509Certificate = link;
    if (trusted.some((ca) => current.checkIssued(ca) && current.verify(ca.publicKey))) {
      return true;
    }
    link = current.issuerCertificate;
  }
  return false;
}
