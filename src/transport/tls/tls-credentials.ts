import type { Logger } from 'pino';
import type { ReloadObserver } from '../../file-watch/reload-observer.js';
import { type FileContents, WatchedFiles } from '../../file-watch/watched-files.js';
import { subjectOf } from './certificate-names.js';
import { formatDate, parseTlsMaterial, type TlsFiles, type TlsMaterial, validityFault } from './tls-material.js';

export interface TlsCredentialsOptions {
  readonly files: TlsFiles;
  /** How often the files are compared with what is in use. */
  readonly pollIntervalMs: number;
  readonly log: Logger;
  readonly observer: ReloadObserver;
}

/**
 * The certificates in use: read from files at start and whenever those change. New files that are broken are logged and
 * reported, and the certificates in use stay.
 */
export class TlsCredentials implements AsyncDisposable {
  readonly #options: TlsCredentialsOptions;
  readonly #files: WatchedFiles;
  readonly #listeners = new Set<(material: TlsMaterial) => void>();
  #current: TlsMaterial;

  private constructor(options: TlsCredentialsOptions, material: TlsMaterial, files: WatchedFiles) {
    this.#options = options;
    this.#current = material;
    this.#files = files;
  }

  /** @throws Error naming the file that is at fault; an expired certificate is logged and used all the same */
  static async load(options: TlsCredentialsOptions): Promise<TlsCredentials> {
    const { files, pollIntervalMs, observer } = options;
    const paths = [files.certificateFile, files.keyFile, ...(files.caFile === undefined ? [] : [files.caFile])];
    let loaded: TlsCredentials | undefined;
    const onChange = (contents: FileContents): void => {
      if (loaded !== undefined) {
        loaded.#reload(contents);
      }
    };
    const watched = await WatchedFiles.open({ paths, pollIntervalMs, onChange });
    try {
      loaded = new TlsCredentials(
        options,
        parseTlsMaterial(files, (path) => watched.contents.get(path)),
        watched,
      );
    } catch (error) {
      await watched[Symbol.asyncDispose]();
      throw error;
    }
    loaded.#announce('certificates loaded');
    observer.reloaded('certificates', true);
    return loaded;
  }

  get current(): TlsMaterial {
    return this.#current;
  }

  /** When the certificates in use expire, for a metric. */
  expiries(): { readonly server: Date; readonly ca: Date | undefined } {
    return { server: this.#current.serverCertificateValidity.notAfter, ca: this.#current.caValidity?.notAfter };
  }

  /**
   * Calls `listener` after each reload.
   * @returns a function that ends it
   */
  onReload(listener: (material: TlsMaterial) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Looks at the files now instead of at the next poll. */
  async reloadNow(): Promise<void> {
    await this.#files.checkNow();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
    await this.#files[Symbol.asyncDispose]();
  }

  #reload(contents: FileContents): void {
    const { files, log, observer } = this.#options;
    try {
      const material = parseTlsMaterial(files, (path) => contents.get(path));
      const fault = validityFault(material.serverCertificateValidity, new Date());
      if (fault !== undefined && validityFault(this.#current.serverCertificateValidity, new Date()) === undefined) {
        throw new Error(`${files.certificateFile} (${subjectOf(material.serverCertificate)}) ${fault}`);
      }
      this.#current = material;
      for (const listener of this.#listeners) {
        listener(material);
      }
    } catch (error) {
      log.error({ err: error }, 'the new certificates are broken; those in use stay, until the files change again');
      observer.reloaded('certificates', false);
      return;
    }
    this.#announce('certificates reloaded');
    observer.reloaded('certificates', true);
  }

  #announce(message: string): void {
    const { serverCertificate, serverCertificateValidity, caValidity } = this.#current;
    const details = {
      certificateSubject: subjectOf(serverCertificate),
      certificateNotAfter: formatDate(serverCertificateValidity.notAfter),
      ...(caValidity === undefined ? {} : { caNotAfter: formatDate(caValidity.notAfter) }),
    };
    this.#options.log.info(details, message);
    const now = new Date();
    const serverFault = validityFault(serverCertificateValidity, now);
    if (serverFault !== undefined) {
      this.#options.log.error(details, `the server certificate ${serverFault}; clients will refuse it`);
    }
    const caFault = caValidity === undefined ? undefined : validityFault(caValidity, now);
    if (caFault !== undefined) {
      this.#options.log.error(details, `a CA certificate ${caFault}; no client certificate that it issued is accepted`);
    }
  }
}
