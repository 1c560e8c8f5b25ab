import type {
  AppImage,
  AppImageInfo,
  Container,
  DeployTemplate,
  NetworkPolicy,
  Probe,
  ResourceRequirements,
} from './app-image.js';

/** Bytes of a text in UTF-8. */
type TextBytes = (value: string) => number;

/**
 * Bytes of a template's protobuf encoding, without encoding it: the domain knows no codec, and a template over the limit
 * is not worth encoding. A test holds it against the real one.
 */
export function encodedAppImageSize(appImage: AppImage): number {
  return appImageSize(appImage, exactBytes);
}

/**
 * No less than {@link encodedAppImageSize}, and three times that at most. It takes a third of the time, since no text is looked into, and says
 * of nearly every template that it is far below a limit.
 */
export function largestEncodedAppImageSize(appImage: AppImage): number {
  return appImageSize(appImage, mostBytes);
}

const exactBytes: TextBytes = (value) => Buffer.byteLength(value);

/** A UTF-16 unit takes three bytes at most. */
const mostBytes: TextBytes = (value) => 3 * value.length;

/** Tags are one byte where the number is below 16, as it is in all but the extensions, and two bytes there. */
function appImageSize(appImage: AppImage, bytesOf: TextBytes): number {
  let size =
    text(appImage.name, bytesOf) + (appImage.image === undefined ? 0 : block(imageSize(appImage.image, bytesOf)));
  for (const [key, value] of appImage.configTemplates) {
    size += block(text(key, bytesOf) + text(value, bytesOf));
  }
  for (const deployTemplate of appImage.deployTemplates) {
    size += block(deployTemplateSize(deployTemplate, bytesOf));
  }
  return size + extensionMap(appImage.labels, bytesOf) + extensionMap(appImage.annotations, bytesOf);
}

function imageSize(image: AppImageInfo, bytesOf: TextBytes): number {
  return text(image.name, bytesOf) + text(image.tag, bytesOf) + text(image.id, bytesOf) + text(image.sign, bytesOf);
}

function deployTemplateSize(deployTemplate: DeployTemplate, bytesOf: TextBytes): number {
  let size =
    text(deployTemplate.name, bytesOf) +
    text(deployTemplate.role, bytesOf) +
    integer(deployTemplate.replicas) +
    text(deployTemplate.restartPolicy, bytesOf) +
    extensionText(deployTemplate.affinity, bytesOf);
  if (deployTemplate.networkPolicy !== undefined) {
    size += extension(networkPolicySize(deployTemplate.networkPolicy, bytesOf));
  }
  for (const container of deployTemplate.containers) {
    size += block(containerSize(container, bytesOf));
  }
  return size;
}

function networkPolicySize({ ingresses }: NetworkPolicy, bytesOf: TextBytes): number {
  let size = 0;
  for (const { from, ports } of ingresses) {
    let ingressSize = from === undefined ? 0 : block(texts(from.roles, bytesOf));
    for (const { port } of ports) {
      ingressSize += block(text(port, bytesOf));
    }
    size += block(ingressSize);
  }
  return size;
}

function containerSize(container: Container, bytesOf: TextBytes): number {
  let size =
    text(container.name, bytesOf) +
    texts(container.command, bytesOf) +
    texts(container.args, bytesOf) +
    text(container.workingDir, bytesOf) +
    text(container.imagePullPolicy, bytesOf);
  for (const { mountPath, subPath } of container.configVolumeMounts) {
    size += block(text(mountPath, bytesOf) + text(subPath, bytesOf));
  }
  for (const { name, protocol, scope, port } of container.ports) {
    size += block(
      text(name, bytesOf) +
        text(protocol, bytesOf) +
        text(scope, bytesOf) +
        (port === 0 ? 0 : EXTENSION_TAG_EXCESS + integer(port)),
    );
  }
  for (const { prefix, configMapRef, secretRef } of container.envFrom) {
    size += block(
      text(prefix, bytesOf) +
        (configMapRef === undefined ? 0 : block(text(configMapRef.name, bytesOf))) +
        (secretRef === undefined ? 0 : block(text(secretRef.name, bytesOf))),
    );
  }
  for (const { name, value } of container.env) {
    size += block(text(name, bytesOf) + text(value, bytesOf));
  }
  return (
    size +
    extensionText(container.securityContext, bytesOf) +
    (container.metricProbe === undefined
      ? 0
      : extension(text(container.metricProbe.path, bytesOf) + text(container.metricProbe.port, bytesOf))) +
    (container.resources === undefined ? 0 : block(resourcesSize(container.resources, bytesOf))) +
    (container.livenessProbe === undefined ? 0 : block(probeSize(container.livenessProbe, bytesOf))) +
    (container.readinessProbe === undefined ? 0 : block(probeSize(container.readinessProbe, bytesOf))) +
    (container.startupProbe === undefined ? 0 : block(probeSize(container.startupProbe, bytesOf)))
  );
}

function resourcesSize({ limits, requests }: ResourceRequirements, bytesOf: TextBytes): number {
  return (
    (limits === undefined ? 0 : block(text(limits.cpu, bytesOf) + text(limits.memory, bytesOf))) +
    (requests === undefined ? 0 : block(text(requests.cpu, bytesOf) + text(requests.memory, bytesOf)))
  );
}

function probeSize(probe: Probe, bytesOf: TextBytes): number {
  const { exec, httpGet, tcpSocket, grpc } = probe;
  let size =
    (exec === undefined ? 0 : block(texts(exec.command, bytesOf))) +
    (tcpSocket === undefined ? 0 : block(text(tcpSocket.port, bytesOf) + text(tcpSocket.host, bytesOf))) +
    (grpc === undefined ? 0 : block(integer(grpc.port) + text(grpc.service, bytesOf))) +
    integer(probe.initialDelaySeconds) +
    integer(probe.timeoutSeconds) +
    integer(probe.periodSeconds) +
    integer(probe.successThreshold) +
    integer(probe.failureThreshold) +
    integer64(probe.terminationGracePeriodSeconds);
  if (httpGet !== undefined) {
    let httpGetSize =
      text(httpGet.path, bytesOf) +
      text(httpGet.port, bytesOf) +
      text(httpGet.host, bytesOf) +
      text(httpGet.scheme, bytesOf);
    for (const { name, value } of httpGet.httpHeaders) {
      httpGetSize += block(text(name, bytesOf) + text(value, bytesOf));
    }
    size += block(httpGetSize);
  }
  return size;
}

function text(value: string, bytesOf: TextBytes): number {
  return value === '' ? 0 : block(bytesOf(value));
}

/** A repeated field spells out its empty texts too. */
function texts(values: readonly string[], bytesOf: TextBytes): number {
  let size = 0;
  for (const value of values) {
    size += block(bytesOf(value));
  }
  return size;
}

/** Bytes by which the tag of an extension is longer than that of other fields. */
const EXTENSION_TAG_EXCESS = 1;

function extension(contentBytes: number): number {
  return EXTENSION_TAG_EXCESS + block(contentBytes);
}

function extensionText(value: string, bytesOf: TextBytes): number {
  return value === '' ? 0 : extension(bytesOf(value));
}

function extensionMap(map: ReadonlyMap<string, string>, bytesOf: TextBytes): number {
  let size = 0;
  for (const [key, value] of map) {
    size += extension(text(key, bytesOf) + text(value, bytesOf));
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
