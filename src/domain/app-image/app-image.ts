import type {
  AppImageInfo,
  QueryAppImageResponseData,
} from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';

export type {
  AppImageInfo,
  Container,
  ContainerPort,
  DeployTemplate,
  EnvFromSource,
  EnvVar,
  MetricProbe,
  NetworkPolicy,
  Probe,
  ResourceRequirements,
  ResourceSpec,
} from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';

/**
 * A template of an application: its image, its configuration files and how its containers are deployed for each role.
 * The shape is the contract's own, so that no layer has to translate it; the generated codec stays in the transport.
 * Treat it as immutable: a change is a new value.
 */
export type AppImage = QueryAppImageResponseData;

/** What a caller wants to change in a stored template. A part that is `undefined` stays as it is. */
export interface AppImageUpdate {
  readonly name: string;
  readonly image: AppImageInfo | undefined;
  readonly configTemplates: AppImage['configTemplates'] | undefined;
  readonly deployTemplates: AppImage['deployTemplates'] | undefined;
  readonly labels: AppImage['labels'] | undefined;
  readonly annotations: AppImage['annotations'] | undefined;
  /** When given, exactly these paths are set, to empty where the parts above hold nothing (AIP-134). */
  readonly updateMask: readonly string[] | undefined;
}

/** A template in the two encodings that go over the wire. Made once for each revision, then only copied. */
export interface EncodedAppImage {
  /** `QueryAppImageResponseData`, fields by number, map keys sorted: the same template gives the same bytes. */
  readonly protobuf: Uint8Array;
  /** The same as JSON in the contract's form, UTF-8. */
  readonly json: Uint8Array;
}

/** Turns templates into bytes and back. Given to the stores from outside, so that they know no wire format. */
export interface AppImageCodec {
  /** Version of the JSON encoding, 0 (where absent) to 255: to be raised with every change of it, since stores keep JSON. */
  readonly jsonVersion?: number;
  encode(appImage: AppImage): EncodedAppImage;
  /** As {@link encode}, in memory that the next call of either uses again: for who copies the bytes at once. */
  lend(appImage: AppImage): EncodedAppImage;
  /** @throws Error where the bytes are not an encoded template: the store is damaged. */
  decode(protobuf: Uint8Array): AppImage;
}

/** One revision of a template as a store holds it. */
export interface StoredAppImage {
  readonly name: string;
  /** 1, 2, ... for each name; grows with every change and is never used again, also not after a delete. */
  readonly revision: number;
  /** Place of this revision in the order of all changes; see `Revision`. */
  readonly position: number;
  readonly appImage: AppImage;
  readonly encoded: EncodedAppImage;
}

/** A revision that a store read as bytes; decoded only if someone looks inside. */
export class EncodedRevision implements StoredAppImage {
  readonly name: string;
  readonly revision: number;
  readonly position: number;
  readonly encoded: EncodedAppImage;
  readonly #codec: AppImageCodec;
  #appImage: AppImage | undefined;

  constructor(codec: AppImageCodec, name: string, revision: number, position: number, encoded: EncodedAppImage) {
    this.#codec = codec;
    this.name = name;
    this.revision = revision;
    this.position = position;
    this.encoded = encoded;
  }

  get appImage(): AppImage {
    this.#appImage ??= this.#codec.decode(this.encoded.protobuf);
    return this.#appImage;
  }
}

/** A revision that a store read, or a caller gave, as a structure; encoded only if someone wants the bytes. */
export class StructuredRevision implements StoredAppImage {
  readonly revision: number;
  readonly position: number;
  readonly appImage: AppImage;
  readonly #codec: AppImageCodec;
  #encoded: EncodedAppImage | undefined;

  constructor(codec: AppImageCodec, revision: number, position: number, appImage: AppImage) {
    this.#codec = codec;
    this.revision = revision;
    this.position = position;
    this.appImage = appImage;
  }

  get name(): string {
    return this.appImage.name;
  }

  get encoded(): EncodedAppImage {
    this.#encoded ??= this.#codec.encode(this.appImage);
    return this.#encoded;
  }
}
