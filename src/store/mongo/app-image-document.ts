import type {
  AppImage,
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
} from '../../domain/app-image/app-image.js';
import {
  DocumentShapeError,
  int32,
  int64,
  listOf,
  message,
  optional,
  type Shape,
  text,
  textMap,
} from './bson-shape.js';

/** Version of the document's layout. A change that an older program would misread takes the next number. */
export const DOCUMENT_SCHEMA = 1;

/** The newest revision of a name, or the mark that it was deleted. */
export interface AppImageDocument {
  /** The template's name. */
  readonly _id: string;
  readonly schema: number;
  readonly revision: number;
  /** A deleted name keeps its document without a template, so that its revision numbers are never used again. */
  readonly deleted: boolean;
  /** Made anew for every write, so that a writer whose answer was lost can tell its own write from another's. */
  readonly write_id: string;
  /** The template's fields, named as in the contract; absent where `deleted`. */
  readonly [field: string]: unknown;
}

type Message<K extends keyof Probe> = NonNullable<Probe[K]>;

const resourceSpec = message<ResourceSpec>({ cpu: text, memory: text });
const probe = message<Probe>({
  exec: optional(message<Message<'exec'>>({ command: listOf(text) })),
  httpGet: optional(
    message<Message<'httpGet'>>({
      path: text,
      port: text,
      host: text,
      scheme: text,
      httpHeaders: listOf(message<Message<'httpGet'>['httpHeaders'][number]>({ name: text, value: text })),
    }),
  ),
  tcpSocket: optional(message<Message<'tcpSocket'>>({ port: text, host: text })),
  grpc: optional(message<Message<'grpc'>>({ port: int32, service: text })),
  initialDelaySeconds: int32,
  timeoutSeconds: int32,
  periodSeconds: int32,
  successThreshold: int32,
  failureThreshold: int32,
  terminationGracePeriodSeconds: int64,
});
const container = message<Container>({
  name: text,
  command: listOf(text),
  args: listOf(text),
  workingDir: text,
  configVolumeMounts: listOf(message<Container['configVolumeMounts'][number]>({ mountPath: text, subPath: text })),
  ports: listOf(message<ContainerPort>({ name: text, protocol: text, scope: text, port: int32 })),
  envFrom: listOf(
    message<EnvFromSource>({
      prefix: text,
      configMapRef: optional(message<NonNullable<EnvFromSource['configMapRef']>>({ name: text })),
      secretRef: optional(message<NonNullable<EnvFromSource['secretRef']>>({ name: text })),
    }),
  ),
  env: listOf(message<EnvVar>({ name: text, value: text })),
  resources: optional(
    message<ResourceRequirements>({ limits: optional(resourceSpec), requests: optional(resourceSpec) }),
  ),
  livenessProbe: optional(probe),
  readinessProbe: optional(probe),
  startupProbe: optional(probe),
  imagePullPolicy: text,
  metricProbe: optional(message<MetricProbe>({ path: text, port: text })),
  securityContext: text,
});
const networkPolicy = message<NetworkPolicy>({
  ingresses: listOf(
    message<NetworkPolicy['ingresses'][number]>({
      from: optional(message<NonNullable<NetworkPolicy['ingresses'][number]['from']>>({ roles: listOf(text) })),
      ports: listOf(message<NetworkPolicy['ingresses'][number]['ports'][number]>({ port: text })),
    }),
  ),
});
/** A template without its name, which is the document's `_id`. A new field of the contract does not compile until it is here. */
const template: Shape<Omit<AppImage, 'name'>> = message<Omit<AppImage, 'name'>>({
  image: optional(message<AppImageInfo>({ name: text, tag: text, id: text, sign: text })),
  configTemplates: textMap,
  deployTemplates: listOf(
    message<DeployTemplate>({
      name: text,
      role: text,
      replicas: int32,
      restartPolicy: text,
      containers: listOf(container),
      networkPolicy: optional(networkPolicy),
      affinity: text,
    }),
  ),
  labels: textMap,
  annotations: textMap,
});

/** The document of a revision of a template. */
export function documentOf(appImage: AppImage, revision: number, writeId: string): AppImageDocument {
  const fields = template.toBson(appImage) as Record<string, unknown>;
  return { ...envelope(appImage.name, revision, writeId), deleted: false, ...fields };
}

/** The document of a name whose template was deleted; the delete took the revision. */
export function tombstoneOf(name: string, revision: number, writeId: string): AppImageDocument {
  return { ...envelope(name, revision, writeId), deleted: true };
}

/**
 * Checks what every document must have, before anything is concluded from it.
 * @throws DocumentShapeError where the document is none of ours, or of a schema that this program does not know
 */
export function expectAppImageDocument(document: Readonly<Record<string, unknown>>): AppImageDocument {
  const { _id, schema, revision, deleted, write_id } = document;
  if (Number(schema) !== DOCUMENT_SCHEMA) {
    throw new DocumentShapeError('schema', `${DOCUMENT_SCHEMA}, the only version that this program knows`);
  }
  const number = Number(revision);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new DocumentShapeError('revision', 'a whole number from 1 on');
  }
  if (typeof deleted !== 'boolean') {
    throw new DocumentShapeError('deleted', 'a boolean');
  }
  return {
    ...document,
    _id: text.fromBson(_id, '_id'),
    schema: DOCUMENT_SCHEMA,
    revision: number,
    deleted,
    write_id: text.fromBson(write_id, 'write_id'),
  };
}

/**
 * The template in a document that is not {@link AppImageDocument.deleted}.
 * @throws DocumentShapeError where a field is not of its type
 */
export function appImageOf(document: AppImageDocument): AppImage {
  const { _id: name } = document;
  return { name, ...template.fromBson(document, '') };
}

function envelope(name: string, revision: number, writeId: string) {
  return { _id: name, schema: DOCUMENT_SCHEMA, revision, write_id: writeId };
}
