import type {
  NetworkIngress,
  NetworkPeer,
  NetworkPolicy,
  NetworkPort,
} from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import type {
  AppImage,
  AppImageInfo,
  Container,
  ContainerPort,
  DeployTemplate,
  EnvFromSource,
  EnvVar,
  Probe,
  ResourceRequirements,
  ResourceSpec,
} from '../app-image/app-image.js';

/** What a value is in the contract, and how a document may write it. */
export type Shape =
  | { readonly kind: 'text' }
  /** A text in the contract; the number or the name of a port in a document. */
  | { readonly kind: 'port' }
  /** A text in the contract; a document may bring a number as well. */
  | { readonly kind: 'quantity' }
  | { readonly kind: 'int32' }
  | { readonly kind: 'int64' }
  | { readonly kind: 'text map' }
  /** The text of a JSON object in the contract, the object itself in a document. */
  | { readonly kind: 'embedded json' }
  | { readonly kind: 'list'; readonly element: Shape }
  | MessageShape;

export interface MessageShape {
  readonly kind: 'message';
  /** In the order in which a manifest has them. */
  readonly fields: readonly FieldShape[];
  /** Objects that a manifest puts some of the fields into. */
  readonly groups: readonly string[];
}

export interface FieldShape {
  /** Name in the generated types, which is also that in manifests. */
  readonly property: string;
  /** Name in the contract. */
  readonly name: string;
  /** Another name that the API's own JSON may use. */
  readonly alias: string | undefined;
  /** The object inside of which a manifest has the field; the API's own JSON does not. */
  readonly group: string | undefined;
  readonly shape: Shape;
  /** Whether Kuscia's CRD wants the field in a manifest even if it is empty. */
  readonly required: boolean;
}

/** A field whose values are of a type; the type is there for the compiler alone. */
interface Field<T> {
  readonly shape: Shape;
  readonly group?: string;
  readonly alias?: string;
  readonly required?: true;
  readonly holds?: T;
}

/** Every field of a message, so that one that is added to the contract does not compile until manifests know it. */
type Fields<T> = { readonly [Key in keyof T]-?: Field<Exclude<T[Key], undefined>> };

function message<T>(fields: Fields<T>): Field<T> & { readonly shape: MessageShape } {
  const described = Object.entries<Field<unknown>>(fields).map(([property, field]) => ({
    property,
    name: snakeCase(property),
    alias: field.alias,
    group: field.group,
    shape: field.shape,
    required: field.required ?? false,
  }));
  const groups = new Set(described.flatMap(({ group }) => group ?? []));
  return { shape: { kind: 'message', fields: described, groups: [...groups] } };
}

function list<T>(element: Field<T>): Field<T[]> {
  return { shape: { kind: 'list', element: element.shape } };
}

function required<T>(field: Field<T>): Field<T> {
  return { ...field, required: true };
}

function within<T>(group: string, field: Field<T>): Field<T> {
  return { ...field, group };
}

function snakeCase(property: string): string {
  return property.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const text: Field<string> = { shape: { kind: 'text' } };
const port: Field<string> = { shape: { kind: 'port' } };
const quantity: Field<string> = { shape: { kind: 'quantity' } };
const int32: Field<number> = { shape: { kind: 'int32' } };
const int64: Field<bigint> = { shape: { kind: 'int64' } };
const textMap: Field<Map<string, string>> = { shape: { kind: 'text map' } };
const embeddedJson: Field<string> = { shape: { kind: 'embedded json' } };

const image = message<AppImageInfo>({ name: required(text), tag: required(text), id: text, sign: text });

const networkPolicy = message<NetworkPolicy>({
  ingresses: required(
    list(
      message<NetworkIngress>({
        from: message<NetworkPeer>({ roles: required(list(text)) }),
        ports: required(list(message<NetworkPort>({ port: required(text) }))),
      }),
    ),
  ),
});

const reference = message<{ name: string }>({ name: text });

const probe = message<Probe>({
  exec: message({ command: list(text) }),
  httpGet: message({
    path: text,
    port: required(port),
    host: text,
    scheme: text,
    httpHeaders: list(message({ name: required(text), value: required(text) })),
  }),
  tcpSocket: message({ port: required(port), host: text }),
  grpc: message({ port: required(int32), service: text }),
  initialDelaySeconds: int32,
  timeoutSeconds: int32,
  periodSeconds: int32,
  successThreshold: int32,
  failureThreshold: int32,
  terminationGracePeriodSeconds: int64,
});

const amounts = message<ResourceSpec>({ cpu: quantity, memory: quantity });

const container = message<Container>({
  name: required(text),
  command: list(text),
  args: list(text),
  workingDir: required(text),
  configVolumeMounts: list(message({ mountPath: required(text), subPath: required(text) })),
  ports: list(message<ContainerPort>({ name: required(text), port: int32, protocol: text, scope: text })),
  envFrom: list(
    message<EnvFromSource>({
      prefix: text,
      configMapRef: reference,
      // The API document's example calls the field by this name.
      secretRef: { ...reference, alias: 'secret_map_ref' },
    }),
  ),
  env: list(message<EnvVar>({ name: required(text), value: text })),
  resources: message<ResourceRequirements>({ limits: amounts, requests: amounts }),
  livenessProbe: probe,
  readinessProbe: probe,
  startupProbe: probe,
  metricProbe: message({ path: text, port }),
  imagePullPolicy: text,
  securityContext: embeddedJson,
});

const deployTemplate = message<DeployTemplate>({
  name: required(text),
  role: text,
  replicas: int32,
  networkPolicy,
  containers: within('spec', list(container)),
  restartPolicy: within('spec', text),
  affinity: within('spec', embeddedJson),
});

/**
 * A template and where a Kuscia manifest has its fields; names and nesting are those of the CRD `appimages.kuscia.secretflow`. Apart from the
 * groups, both forms have the same structure, so that one reader, one writer and one map of paths serve both.
 */
export const TEMPLATE_SHAPE: MessageShape = message<AppImage>({
  name: within('metadata', required(text)),
  labels: within('metadata', textMap),
  annotations: within('metadata', textMap),
  configTemplates: within('spec', textMap),
  deployTemplates: within('spec', required(list(deployTemplate))),
  image: within('spec', image),
}).shape;
