// @peculiar/x509 finds its parts through this polyfill, which therefore has to be loaded before it.
// oxlint-disable-next-line import/no-unassigned-import
import 'reflect-metadata';
import { KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** What a certificate may be used for. */
export type CertificateUsage = 'server' | 'client';

/** A certificate and its private key (PKCS#8), both as PEM. */
export interface IssuedCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate says. */
export interface CertificateRequest {
  readonly commonName: string;
  readonly organisation?: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface LeafRequest extends CertificateRequest {
  readonly usages: readonly CertificateUsage[];
  /** Host names and IP addresses that the certificate is good for; may be empty for a client. */
  readonly names: readonly string[];
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

const USAGE_OIDS = {
  server: ExtendedKeyUsage.serverAuth,
  client: ExtendedKeyUsage.clientAuth,
} as const satisfies Record<CertificateUsage, ExtendedKeyUsage>;

/** A certificate authority that issues ECDSA P-256 certificates, without the help of openssl. */
export class CertificateIssuer {
  /** The CA's own certificate and key. */
  readonly authority: IssuedCertificate;
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #name: DistinguishedName;

  private constructor(authority: IssuedCertificate, keys: webcrypto.CryptoKeyPair, name: DistinguishedName) {
    this.authority = authority;
    this.#keys = keys;
    this.#name = name;
  }

  /** Makes a new CA, which may issue leaf certificates but no further CA. */
  static async create(request: CertificateRequest): Promise<CertificateIssuer> {
    const keys = await makeKeys();
    const name = distinguishedName(request);
    const certificate = await sign(name, name, keys.publicKey, keys.privateKey, request, [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ]);
    return new CertificateIssuer({ certificate, key: privateKeyPem(keys.privateKey) }, keys, name);
  }

  /** Issues a certificate with a new key. */
  async issue(request: LeafRequest): Promise<IssuedCertificate> {
    const keys = await makeKeys();
    const extensions: Extension[] = [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(request.usages.map((usage) => USAGE_OIDS[usage])),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(this.#keys.publicKey),
    ];
    if (request.names.length > 0) {
      const names = request.names.map((value) => ({
        type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const),
        value,
      }));
      extensions.push(new SubjectAlternativeNameExtension(names));
    }
    const certificate = await sign(
      distinguishedName(request),
      this.#name,
      keys.publicKey,
      this.#keys.privateKey,
      request,
      extensions,
    );
    return { certificate, key: privateKeyPem(keys.privateKey) };
  }
}

type DistinguishedName = { [attribute: string]: string[] }[];

function distinguishedName({ commonName, organisation }: CertificateRequest): DistinguishedName {
  return [{ CN: [commonName] }, ...(organisation === undefined ? [] : [{ O: [organisation] }])];
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function sign(
  subject: DistinguishedName,
  issuer: DistinguishedName,
  publicKey: webcrypto.CryptoKey,
  signingKey: webcrypto.CryptoKey,
  validity: CertificateRequest,
  extensions: Extension[],
): Promise<string> {
  const certificate = await X509CertificateGenerator.create({
    serialNumber: randomSerialNumber(),
    subject,
    issuer,
    notBefore: validity.notBefore,
    notAfter: validity.notAfter,
    publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions,
  });
  return `${certificate.toString('pem')}\n`;
}

/** 126 random bits behind the bits 01: positive and never zero, as RFC 5280 wants it. */
function randomSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes.toString('hex');
}

function privateKeyPem(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
}
