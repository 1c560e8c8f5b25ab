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
import { int32, int64, listOf, message, optional, type Shape, text, textMap } from './bson-shape.js';

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
/** A template without its name, which the document has already. A new field of the contract does not compile until it is here. */
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

/** The fields of a template's content, as they stand in a document. */
export function contentFieldsOf(appImage: AppImage): Readonly<Record<string, unknown>> {
  return template.toBson(appImage) as Record<string, unknown>;
}

/**
 * The template of a name, read from a document with the fields of its content; others are left alone.
 * @throws DocumentShapeError where a field is not of its type
 */
export function appImageOf(name: string, document: object): AppImage {
  return { name, ...template.fromBson(document, '') };
}
