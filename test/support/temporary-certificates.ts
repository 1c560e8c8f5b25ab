import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateIssuer, type CertificateUsage } from '../../src/transport/tls/certificate-issuer.js';
import { CERTIFICATE_FILES } from '../../src/transport/tls/development-certificates.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A certificate and key, as PEM and as files. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

export interface IssueOptions {
  /** Subject CN, and the name of the files. */
  readonly commonName: string;
  readonly organisation?: string;
  /** Default: the trusted CA. */
  readonly issuer?: CertificateIssuer;
  /** Default: client. */
  readonly usages?: readonly CertificateUsage[];
  readonly names?: readonly string[];
  /** Default: an hour ago. */
  readonly notBefore?: Date;
  /** Default: a day ahead. */
  readonly notAfter?: Date;
}

/** A folder of certificates under Kuscia's names, with a token, and certificates that a server must refuse. Removed when disposed. */
export class TemporaryCertificates implements AsyncDisposable {
  readonly directory: string;
  /** The trusted CA. */
  readonly issuer: CertificateIssuer;
  readonly #pairs = new Map<string, KeyPair>();

  private constructor(directory: string, issuer: CertificateIssuer) {
    this.directory = directory;
    this.issuer = issuer;
  }

  static async create(): Promise<TemporaryCertificates> {
    const directory = await mkdtemp(join(tmpdir(), 'appimage-certificates-'));
    const issuer = await makeIssuer('Test CA');
    const certificates = new TemporaryCertificates(directory, issuer);
    await writeFile(certificates.caFile, issuer.authority.certificate);
    await writeFile(certificates.tokenFile, certificates.token, { mode: 0o600 });
    await certificates.issue({
      commonName: 'kusciaapi-server',
      usages: ['server', 'client'],
      names: ['localhost', '127.0.0.1', '::1'],
    });
    await certificates.issue({ commonName: 'client', organisation: 'example' });
    return certificates;
  }

  /** The token in {@link tokenFile}. */
  readonly token = 'a-token-for-tests-0123456789';

  get caFile(): string {
    return join(this.directory, CERTIFICATE_FILES.ca);
  }

  get tokenFile(): string {
    return join(this.directory, CERTIFICATE_FILES.token);
  }

  /** PEM of the trusted CA. */
  get ca(): string {
    return this.issuer.authority.certificate;
  }

  /** The server's own certificate, good for client use as well. */
  get server(): KeyPair {
    return this.pair('kusciaapi-server');
  }

  /** A client certificate that is accepted: `CN=client,O=example`. */
  get client(): KeyPair {
    return this.pair('client');
  }

  /** A certificate issued before, by its common name. */
  pair(commonName: string): KeyPair {
    const pair = this.#pairs.get(commonName);
    if (pair === undefined) {
      throw new Error(`no certificate ${commonName} has been issued`);
    }
    return pair;
  }

  async issue(options: IssueOptions): Promise<KeyPair> {
    const { commonName, organisation, issuer = this.issuer } = options;
    const issued = await issuer.issue({
      commonName,
      ...(organisation === undefined ? {} : { organisation }),
      usages: options.usages ?? ['client'],
      names: options.names ?? [],
      notBefore: options.notBefore ?? fromNow(-HOUR_MS),
      notAfter: options.notAfter ?? fromNow(DAY_MS),
    });
    const certificateFile = join(this.directory, `${commonName}.crt`);
    const keyFile = join(this.directory, `${commonName}.key`);
    await writeFile(certificateFile, issued.certificate);
    await writeFile(keyFile, issued.key, { mode: 0o600 });
    const pair = { ...issued, certificateFile, keyFile };
    this.#pairs.set(commonName, pair);
    return pair;
  }

  /** A client certificate of a CA that the server does not know. */
  async otherCa(): Promise<KeyPair> {
    return this.issue({ commonName: 'other-ca', issuer: await makeIssuer('Other CA') });
  }

  /** A client certificate that expired yesterday. */
  async expired(): Promise<KeyPair> {
    return this.issue({ commonName: 'expired', notBefore: fromNow(-2 * DAY_MS), notAfter: fromNow(-DAY_MS) });
  }

  /** A client certificate that is valid from tomorrow on. */
  async notYetValid(): Promise<KeyPair> {
    return this.issue({ commonName: 'not-yet-valid', notBefore: fromNow(DAY_MS), notAfter: fromNow(2 * DAY_MS) });
  }

  /** A certificate of the trusted CA that only a server may use. */
  async serverOnly(): Promise<KeyPair> {
    return this.issue({ commonName: 'server-only', usages: ['server'], names: ['localhost'] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** A CA of its own. */
export async function makeIssuer(commonName: string): Promise<CertificateIssuer> {
  return CertificateIssuer.create({ commonName, notBefore: fromNow(-HOUR_MS), notAfter: fromNow(DAY_MS) });
}

function fromNow(ms: number): Date {
  return new Date(Date.now() + ms);
}
