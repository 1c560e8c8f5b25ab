import type { Logger } from 'pino';
import { AppImageError } from '../domain/errors.js';
import type { ReloadObserver } from '../file-watch/reload-observer.js';
import { type FileContents, WatchedFiles } from '../file-watch/watched-files.js';
import type { Authenticator } from './authenticator.js';
import type { Principal } from './principal.js';
import { RememberedDigest } from './remembered-digest.js';
import { TokenBucket } from './token-bucket.js';
import {
  type AcceptedToken,
  MAX_TOKEN_LENGTH,
  type ParseTokenFiles,
  type TokenFiles,
  tokenDigest,
  tokenFilesParser,
} from './token-files.js';

export interface TokenAuthenticatorOptions {
  readonly files: TokenFiles;
  /** How often the files are compared with what is in use. */
  readonly pollIntervalMs: number;
  /** Requests that each token may make in a second on average; 0 for any number. */
  readonly requestsPerSecond: number;
  readonly log: Logger;
  readonly observer: ReloadObserver;
}

interface TokenRecord extends AcceptedToken {
  readonly bucket: TokenBucket | undefined;
}

/**
 * Finds callers by the tokens of files, which are read again when they change. New files that are broken are logged and
 * reported, and the tokens in use stay.
 */
export class TokenAuthenticator implements Authenticator, AsyncDisposable {
  readonly #options: TokenAuthenticatorOptions;
  readonly #parse: ParseTokenFiles;
  readonly #files: WatchedFiles;
  /** That of the token accepted last: most callers send many requests. */
  readonly #remembered = new RememberedDigest();
  #byDigest: ReadonlyMap<string, TokenRecord> = new Map();

  private constructor(options: TokenAuthenticatorOptions, parse: ParseTokenFiles, files: WatchedFiles) {
    this.#options = options;
    this.#parse = parse;
    this.#files = files;
  }

  /** @throws Error naming the file and entry that are at fault */
  static async load(options: TokenAuthenticatorOptions): Promise<TokenAuthenticator> {
    const { files, pollIntervalMs, observer } = options;
    const paths = [files.tokenFile, files.tokensFile].filter((path) => path !== undefined);
    let loaded: TokenAuthenticator | undefined;
    const onChange = (contents: FileContents): void => {
      if (loaded !== undefined) {
        loaded.#reload(contents);
      }
    };
    const parse = await tokenFilesParser(files);
    const watched = await WatchedFiles.open({ paths, pollIntervalMs, onChange });
    loaded = new TokenAuthenticator(options, parse, watched);
    try {
      loaded.#use(watched.contents);
    } catch (error) {
      await watched[Symbol.asyncDispose]();
      throw error;
    }
    loaded.#announce('tokens loaded');
    observer.reloaded('tokens', true);
    return loaded;
  }

  /**
   * Costs about a microsecond. The token is looked up by its SHA-256: how long that takes depends on the digest alone, of which
   * a caller can neither choose a part nor learn anything about the token of another one.
   */
  authenticate(token: string | undefined): Principal {
    if (token === undefined || token === '') {
      throw new AppImageError(
        'AUTH_FAILED',
        'no token was sent; send it in the header Token (gRPC: metadata token) or as Authorization: Bearer',
      );
    }
    if (token.length > MAX_TOKEN_LENGTH) {
      throw new AppImageError(
        'AUTH_FAILED',
        `the token has ${token.length} characters; none has more than ${MAX_TOKEN_LENGTH}`,
      );
    }
    const remembered = this.#remembered.of(token);
    const digest = remembered ?? tokenDigest(token);
    const record = this.#byDigest.get(digest);
    if (record === undefined) {
      throw new AppImageError(
        'AUTH_FAILED',
        'the token is none of those that this server accepts; it may have been replaced, ask its operator for the present one',
      );
    }
    if (remembered === undefined) {
      this.#remembered.remember(token, digest);
    }
    if (record.expiresAtMs <= Date.now()) {
      throw new AppImageError(
        'AUTH_FAILED',
        `the token ${record.principal.tokenName} expired at ${new Date(record.expiresAtMs).toISOString()}; use a newer one`,
      );
    }
    if (record.bucket !== undefined) {
      takeFrom(record.bucket, record.principal, this.#options.requestsPerSecond);
    }
    return record.principal;
  }

  /** Looks at the files now instead of at the next poll. */
  async reloadNow(): Promise<void> {
    await this.#files.checkNow();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files[Symbol.asyncDispose]();
  }

  #reload(contents: FileContents): void {
    const { log, observer } = this.#options;
    try {
      this.#use(contents);
    } catch (error) {
      log.error({ err: error }, 'the new tokens are broken; those in use stay, until the files change again');
      observer.reloaded('tokens', false);
      return;
    }
    this.#announce('tokens reloaded');
    observer.reloaded('tokens', true);
  }

  #use(contents: FileContents): void {
    const { requestsPerSecond } = this.#options;
    const buckets = new Map([...this.#byDigest.values()].map(({ principal, bucket }) => [principal.tokenName, bucket]));
    const records = this.#parse((path) => contents.get(path)).map((token): TokenRecord => {
      // A reload must not hand out a new second's worth of requests.
      const bucket =
        requestsPerSecond === 0
          ? undefined
          : (buckets.get(token.principal.tokenName) ?? new TokenBucket(requestsPerSecond, performance.now()));
      return { ...token, bucket };
    });
    this.#byDigest = new Map(records.map((record) => [record.sha256, record]));
    this.#remembered.forget();
  }

  #announce(message: string): void {
    const now = Date.now();
    const tokens = [...this.#byDigest.values()];
    const expired = tokens.filter(({ expiresAtMs }) => expiresAtMs <= now).map(({ principal }) => principal.tokenName);
    this.#options.log.info({ tokenNames: tokens.map(({ principal }) => principal.tokenName) }, message);
    if (expired.length > 0) {
      this.#options.log.warn({ tokenNames: expired }, 'some tokens have expired and are refused');
    }
  }
}

/** @throws AppImageError RATE_LIMITED */
export function takeFrom(bucket: TokenBucket, principal: Principal, requestsPerSecond: number): void {
  const waitMs = bucket.take(performance.now());
  if (waitMs > 0) {
    throw new AppImageError(
      'RATE_LIMITED',
      `${principal.tokenName} sends more than ${requestsPerSecond} requests a second; retry in ${waitMs} ms`,
    );
  }
}
