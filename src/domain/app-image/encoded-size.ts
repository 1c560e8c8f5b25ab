import type {
  AppImage,
  AppImageInfo,
  Container,
  DeployTemplate,
  NetworkPolicy,
  Probe,
  ResourceRequirements,
} from './app-image.js';

/**
 * Bytes of a template's protobuf encoding, without encoding it: the domain knows no codec, and a template over the limit
 * is not worth encoding. A test holds it against the real one. Tags are one byte where the number is below 16, as it is in all
 * but the extensions, and two bytes there.
 */
export function encodedAppImageSize(appImage: AppImage): number {
  let size = text(appImage.name) + (appImage.image === undefined ? 0 : block(imageSize(appImage.image)));
  for (const [key, value] of appImage.configTemplates) {
    size += block(text(key) + text(value));
  }
  for (const deployTemplate of appImage.deployTemplates) {
    size += block(deployTemplateSize(deployTemplate));
  }
  return size + extensionMap(appImage.labels) + extensionMap(appImage.annotations);
}

function imageSize(image: AppImageInfo): number {
  return text(image.name) + text(image.tag) + text(image.id) + text(image.sign);
}

function deployTemplateSize(deployTemplate: DeployTemplate): number {
  let size =
    text(deployTemplate.name) +
    text(deployTemplate.role) +
    integer(deployTemplate.replicas) +
    text(deployTemplate.restartPolicy) +
    extensionText(deployTemplate.affinity);
  if (deployTemplate.networkPolicy !== undefined) {
    size += extension(networkPolicySize(deployTemplate.networkPolicy));
  }
  for (const container of deployTemplate.containers) {
    size += block(containerSize(container));
  }
  return size;
}

function networkPolicySize({ ingresses }: NetworkPolicy): number {
  let size = 0;
  for (const { from, ports } of ingresses) {
    let ingressSize = from === undefined ? 0 : block(texts(from.roles));
    for (const { port } of ports) {
      ingressSize += block(text(port));
    }
    size += block(ingressSize);
  }
  return size;
}

function containerSize(container: Container): number {
  let size =
    text(container.name) +
    texts(container.command) +
    texts(container.args) +
    text(container.workingDir) +
    text(container.imagePullPolicy);
  for (const { mountPath, subPath } of container.configVolumeMounts) {
    size += block(text(mountPath) + text(subPath));
  }
  for (const { name, protocol, scope, port } of container.ports) {
    size += block(text(name) + text(protocol) + text(scope) + (port === 0 ? 0 : EXTENSION_TAG_EXCESS + integer(port)));
  }
  for (const { prefix, configMapRef, secretRef } of container.envFrom) {
    size += block(
      text(prefix) +
        (configMapRef === undefined ? 0 : block(text(configMapRef.name))) +
        (secretRef === undefined ? 0 : block(text(secretRef.name))),
    );
  }
  for (const { name, value } of container.env) {
    size += block(text(name) + text(value));
  }
  return (
    size +
    extensionText(container.securityContext) +
    (container.metricProbe === undefined
      ? 0
      : extension(text(container.metricProbe.path) + text(container.metricProbe.port))) +
    (container.resources === undefined ? 0 : block(resourcesSize(container.resources))) +
    (container.livenessProbe === undefined ? 0 : block(probeSize(container.livenessProbe))) +
    (container.readinessProbe === undefined ? 0 : block(probeSize(container.readinessProbe))) +
    (container.startupProbe === undefined ? 0 : block(probeSize(container.startupProbe)))
  );
}

function resourcesSize({ limits, requests }: ResourceRequirements): number {
  return (
    (limits === undefined ? 0 : block(text(limits.cpu) + text(limits.memory))) +
    (requests === undefined ? 0 : block(text(requests.cpu) + text(requests.memory)))
  );
}

function probeSize(probe: Probe): number {
  const { exec, httpGet, tcpSocket, grpc } = probe;
  let size =
    (exec === undefined ? 0 : block(texts(exec.command))) +
    (tcpSocket === undefined ? 0 : block(text(tcpSocket.port) + text(tcpSocket.host))) +
    (grpc === undefined ? 0 : block(integer(grpc.port) + text(grpc.service))) +
    integer(probe.initialDelaySeconds) +
    integer(probe.timeoutSeconds) +
    integer(probe.periodSeconds) +
    integer(probe.successThreshold) +
    integer(probe.failureThreshold) +
    integer64(probe.terminationGracePeriodSeconds);
  if (httpGet !== undefined) {
    let httpGetSize = text(httpGet.path) + text(httpGet.port) + text(httpGet.host) + text(httpGet.scheme);
    for (const { name, value } of httpGet.httpHeaders) {
      httpGetSize += block(text(name) + text(value));
    }
    size += block(httpGetSize);
  }
  return size;
}

function text(value: string): number {
  return value === '' ? 0 : block(Buffer.byteLength(value));
}

/** A repeated field spells out its empty texts too. */
function texts(values: readonly string[]): number {
  let size = 0;
  for (const value of values) {
    size += block(Buffer.byteLength(value));
  }
  return size;
}

/** Bytes by which the tag of an extension is longer than that of other fields. */
const EXTENSION_TAG_EXCESS = 1;

function extension(contentBytes: number): number {
  return EXTENSION_TAG_EXCESS + block(contentBytes);
}

function extensionText(value: string): number {
  return value === '' ? 0 : extension(Buffer.byteLength(value));
}

function extensionMap(map: ReadonlyMap<string, string>): number {
  let size = 0;
  for (const [key, value] of map) {
    size += extension(text(key) + text(value));
  }
  return size;
}

/** A tag, the length of the content, and the content itself. */
function block(contentBytes: number): number {
  return 1 + varint(contentBytes) + contentBytes;
}

/** Negative numbers are encoded as 64-bit two's complements, which takes ten bytes. */
function integer(value: number): number {
  return value === 0 ? 0 : 1 + (value < 0 ? 10 : varint(value));
}

function integer64(value: bigint): number {
  return value === 0n ? 0 : 1 + Math.ceil(BigInt.asUintN(64, value).toString(2).length / 7);
}

function varint(value: number): number {
  return value < 2 ** 7 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 21 ? 3 : value < 2 ** 28 ? 4 : 5;
}
