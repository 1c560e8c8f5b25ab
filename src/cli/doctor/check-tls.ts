import type { X509Certificate } from 'node:crypto';
import { isIP, connect as tcpConnect } from 'node:net';
import { checkServerIdentity, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { messageOf } from '../cli-error.js';
import { addressOf, type ConnectionCredentials, type ConnectionSettings } from '../connection.js';
import { type Check, failed, ok, skipped } from './check.js';
import { nameOf, validityOf } from './check-client-certificate.js';

const PLAINTEXT_ADVICE =
  'use the gRPC port of the registry (8083 by default) in --server; where it runs with NOTLS, give --insecure-plaintext';

/** Opens the port. */
export async function checkPort(settings: ConnectionSettings): Promise<Check> {
  const { host, port, timeoutMs } = settings;
  const address = addressOf(settings);
  const fault = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const socket = tcpConnect({ host, port });
    socket.setTimeout(timeoutMs, () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(firstOf(error)));
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
  });
  switch (fault?.code) {
    case undefined:
      return fault === undefined
        ? ok('port', `${address} is open`)
        : failed(
            'port',
            'CANNOT_CONNECT',
            `${address} cannot be opened: ${fault.message}`,
            'check host and port in --server',
          );
    case 'ECONNREFUSED':
      return failed(
        'port',
        'CANNOT_CONNECT',
        `nothing listens on ${address}`,
        'start the server (`make run`), or correct the port in --server; it is the gRPC port, 8083 by default',
      );
    case 'ETIMEDOUT':
      return failed(
        'port',
        'CANNOT_CONNECT',
        `${address} did not answer within ${timeoutMs} ms`,
        'check the port in --server, and that no firewall is in the way',
      );
    default:
      return failed(
        'port',
        'CANNOT_CONNECT',
        `${address} cannot be reached: ${fault?.code ?? ''}`,
        'check the host in --server, and the network between here and there',
      );
  }
}

/** Where a name has several addresses, Node.js gathers what went wrong with each. */
function firstOf(error: NodeJS.ErrnoException): NodeJS.ErrnoException {
  return error instanceof AggregateError ? ((error.errors[0] as NodeJS.ErrnoException | undefined) ?? error) : error;
}

/**
 * Does the TLS handshake and looks at the server's certificate: TLS itself, the CA, the name, and the validity. The handshake is gone through
 * with whatever the certificate is, so that each of these is told apart.
 */
export async function checkTls(
  settings: ConnectionSettings,
  credentials: ConnectionCredentials,
  now: Date,
): Promise<Check[]> {
  const address = addressOf(settings);
  let socket: TLSSocket;
  try {
    socket = await shakeHands(settings, credentials);
  } catch (error) {
    return [explainHandshake(error as NodeJS.ErrnoException, settings)];
  }
  try {
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) {
      return [failed('tls', 'CANNOT_CONNECT', `${address} presents no certificate`, PLAINTEXT_ADVICE)];
    }
    if (socket.alpnProtocol !== 'h2') {
      return [
        failed(
          'tls',
          'CANNOT_CONNECT',
          `${address} speaks ${socket.getProtocol() ?? 'TLS'}, but no HTTP/2, and so no gRPC`,
          'use the gRPC port of the registry (8083 by default) in --server',
        ),
      ];
    }
    return [
      ok('tls', `${address} speaks ${socket.getProtocol() ?? 'TLS'}`),
      checkAuthority(socket, certificate, settings),
      checkName(certificate, settings),
      checkServerValidity(certificate, now),
    ];
  } finally {
    socket.destroy();
  }
}

/** Without TLS there is only to see that the server wants none either. */
export async function checkPlaintext(settings: ConnectionSettings): Promise<Check> {
  const none = { ca: undefined, cert: undefined, key: undefined, token: undefined };
  const speaksTls = await shakeHands(settings, none).then(
    (socket) => {
      socket.destroy();
      return true;
    },
    () => false,
  );
  return speaksTls
    ? failed(
        'tls',
        'CANNOT_CONNECT',
        `${addressOf(settings)} speaks TLS, and this connection is set to do without`,
        `remove insecure-plaintext (it is set by ${settings.sources.get('insecure-plaintext') ?? 'a setting'})`,
      )
    : skipped('tls', 'not used: the connection is set to plain text, which others on the way can read and change');
}

function shakeHands(settings: ConnectionSettings, { ca, cert, key }: ConnectionCredentials): Promise<TLSSocket> {
  const { host, port, timeoutMs } = settings;
  const name = serverNameOf(settings);
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({
      host,
      port,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
      ...(isIP(name) === 0 ? { servername: name } : {}),
      ALPNProtocols: ['h2'],
      rejectUnauthorized: false,
      // Looked at apart, so that a wrong CA does not hide a wrong name.
      checkServerIdentity: () => undefined,
    });
    socket.setTimeout(timeoutMs, () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    socket.on('error', reject);
    socket.once('secureConnect', () => resolve(socket));
    socket.once('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
  });
}

function explainHandshake(error: NodeJS.ErrnoException, settings: ConnectionSettings): Check {
  const address = addressOf(settings);
  const code = error.code ?? '';
  if (code === 'ETIMEDOUT') {
    return failed(
      'tls',
      'CANNOT_CONNECT',
      `${address} is open, but did not finish the TLS handshake within ${settings.timeoutMs} ms`,
      PLAINTEXT_ADVICE,
    );
  }
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH|UNEXPECTED_MESSAGE|HTTP_REQUEST/.test(code) || code === 'ECONNRESET') {
    return failed('tls', 'CANNOT_CONNECT', `${address} does not speak TLS (${code})`, PLAINTEXT_ADVICE);
  }
  if (/PEM|NO_START_LINE|BAD_END_LINE|KEY_VALUES_MISMATCH|ASN1/i.test(code)) {
    return failed(
      'configuration',
      'USAGE',
      `the CA, certificate or key cannot be used (${code})`,
      'name PEM files in --ca, --cert and --key',
    );
  }
  if (/ALERT/.test(code)) {
    return failed(
      'client-certificate',
      'REFUSED',
      `${address} broke the handshake off (${code})`,
      'name a client certificate that the CA of this server issued, with --cert and --key',
    );
  }
  return failed(
    'tls',
    'CANNOT_CONNECT',
    `the TLS handshake with ${address} failed: ${messageOf(error)}`,
    PLAINTEXT_ADVICE,
  );
}

/** Reasons of OpenSSL that are about dates, and so about the certificate and not about the CA. */
const DATE_REASONS: readonly string[] = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'];

function checkAuthority(socket: TLSSocket, certificate: X509Certificate, { caFile }: ConnectionSettings): Check {
  const issuer = certificate.issuer.replaceAll('\n', ',');
  const trusted = caFile ?? 'the CAs that Node.js comes with';
  const reason = String(socket.authorizationError ?? '');
  if (socket.authorized || DATE_REASONS.includes(reason)) {
    return ok('ca', `the server's certificate was issued by ${issuer}, which ${trusted} vouches for`);
  }
  return failed(
    'ca',
    'CANNOT_CONNECT',
    `the server's certificate was issued by ${issuer}, which ${trusted} does not vouch for (${reason})`,
    caFile === undefined
      ? "name the certificate of the server's CA with --ca (`make run` writes it to certs/ca.crt)"
      : "get the present ca.crt from the operator and name it with --ca; unless the address is wrong, and this is another's server",
  );
}

function checkName(certificate: X509Certificate, settings: ConnectionSettings): Check {
  const name = serverNameOf(settings);
  const peer = certificate.toLegacyObject();
  const fault = checkServerIdentity(name, peer);
  const names = (peer.subjectaltname ?? '').split(', ').map((entry) => entry.replace(/^(DNS|IP Address):/, ''));
  if (fault === undefined) {
    return ok('server-name', `the server's certificate is for ${name}`);
  }
  const known = names.filter((entry) => entry !== '');
  return failed(
    'server-name',
    'CANNOT_CONNECT',
    known.length === 0
      ? `the server's certificate names no host, and so not ${name}`
      : `the server's certificate is for ${known.join(', ')}, and not for ${name}`,
    'use a name of the certificate in --server, or, where the server has another address here, give it with --tls-server-name',
  );
}

function checkServerValidity(certificate: X509Certificate, now: Date): Check {
  const { notBefore, notAfter } = validityOf(certificate);
  const subject = nameOf(certificate);
  if (now < notBefore) {
    return failed(
      'server-certificate',
      'CANNOT_CONNECT',
      `${subject} is not valid before ${notBefore.toISOString()}, and here it is ${now.toISOString()}`,
      "set this machine's clock right, or have the operator look at the certificate",
    );
  }
  if (now > notAfter) {
    return failed(
      'server-certificate',
      'CANNOT_CONNECT',
      `${subject} expired at ${notAfter.toISOString()}`,
      "the operator has to renew it; if it is not that old, this machine's clock is wrong",
    );
  }
  return ok('server-certificate', `${subject} is valid until ${notAfter.toISOString()}`);
}

function serverNameOf({ host, tlsServerName }: ConnectionSettings): string {
  return tlsServerName ?? host;
}
