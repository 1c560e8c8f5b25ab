import type { TransportProtocol } from '../transport/tls/transport-protocol.js';
import { AnonymousAuthenticator } from './anonymous-authenticator.js';
import type { Authenticator } from './authenticator.js';
import { TokenAuthenticator, type TokenAuthenticatorOptions } from './token-authenticator.js';

/** An authenticator that may be read again and has to be closed. */
export interface OpenAuthenticator extends Authenticator, AsyncDisposable {
  /** Looks at the token files now instead of at the next poll. */
  reloadNow(): Promise<void>;
}

/**
 * The authenticator for a protocol: tokens where files are configured, and everybody under NOTLS where none are.
 * @throws Error where MTLS or TLS has no token files, or a file is at fault
 */
export async function openAuthenticator(
  protocol: TransportProtocol,
  options: TokenAuthenticatorOptions,
): Promise<OpenAuthenticator> {
  const { tokenFile, tokensFile } = options.files;
  if (tokenFile !== undefined || tokensFile !== undefined) {
    return TokenAuthenticator.load(options);
  }
  if (protocol !== 'NOTLS') {
    throw new Error(
      `${protocol} requires a token from every caller, and no token file is configured; set a token file or a tokens file`,
    );
  }
  options.log.warn('no token files are configured: everybody who reaches the ports may do everything');
  const anonymous = new AnonymousAuthenticator(options.requestsPerSecond);
  return {
    authenticate: () => anonymous.authenticate(),
    reloadNow: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}
