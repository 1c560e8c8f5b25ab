import type { HandshakeFailure } from './connection-metrics.js';

/** Alerts by which a client says that it does not accept the server's certificate. */
const REJECTIONS = /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+)$/;

/** What a failed handshake comes down to, and what is likely to be behind it. */
export function handshakeFailureOf(error: Error): { readonly kind: HandshakeFailure; readonly hint: string } {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT') {
    return { kind: 'timeout', hint: 'the client did not finish it in time' };
  }
  if (code === 'ERR_SSL_HTTP_REQUEST') {
    return { kind: 'plain_text', hint: 'the client speaks plain HTTP; it has to use https://' };
  }
  if (code === 'ECONNRESET') {
    return { kind: 'reset', hint: 'the client closed the connection' };
  }
  if (REJECTIONS.test(code)) {
    return {
      kind: 'rejected_by_client',
      hint: "the client does not accept the server's certificate; it needs the ca.crt of this server",
    };
  }
  return { kind: 'protocol', hint: 'the client does not speak TLS 1.2 or later as this port needs it' };
}
