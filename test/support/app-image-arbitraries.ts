import fc from 'fast-check';
import type { AppImage, AppImageInfo, AppImageUpdate, DeployTemplate } from '../../src/domain/app-image/app-image.js';

/** Texts that UTF-8 can carry, so without halves of surrogate pairs. */
export const text = fc.string({ unit: 'binary', maxLength: 12 });

/** Texts that a rule or two may allow. */
const likelyText = fc.oneof(
  text,
  fc.constantFrom('', 'app', 'App', 'HTTP', 'http', 'Cluster', 'Always', '8080', '0', '/a/../b', '100m', '-1Gi', 'a=b'),
);

interface Texts {
  readonly label: fc.Arbitrary<string>;
  readonly text: fc.Arbitrary<string>;
  readonly filled: fc.Arbitrary<string>;
  readonly imageName: fc.Arbitrary<string>;
  readonly imageTag: fc.Arbitrary<string>;
  readonly configKey: fc.Arbitrary<string>;
  readonly envName: fc.Arbitrary<string>;
  readonly absolutePath: fc.Arbitrary<string>;
  readonly port: fc.Arbitrary<string>;
  readonly portNumber: fc.Arbitrary<number>;
  readonly jsonObject: fc.Arbitrary<string>;
  readonly labelKey: fc.Arbitrary<string>;
  readonly labelValue: fc.Arbitrary<string>;
  readonly limit: fc.Arbitrary<string>;
  readonly request: fc.Arbitrary<string>;
  readonly oneOf: (...words: string[]) => fc.Arbitrary<string>;
}

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
const pathPart = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }).filter((part) => part !== '..');

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

/** Texts of JSON objects, canonical or not, and the empty text. */
const jsonObject = fc.oneof(
  fc.constantFrom('', '{}', '{"b":1,"a":[true,null]}', ' { "n" : 12345678901234567890.10e1 }'),
  fc
    .tuple(fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }), fc.nat({ max: 2 }))
    .map(([object, indent]) => JSON.stringify(object, undefined, indent)),
);

const validTexts: Texts = {
  label,
  text,
  filled: fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }),
  imageName: fc.stringMatching(/^([a-z0-9]{1,5}\.[a-z]{2,3}(:[0-9]{2,4})?\/)?[a-z0-9]{1,6}([._-][a-z0-9]{1,4}){0,2}$/),
  imageTag: fc.stringMatching(/^([A-Za-z0-9_][A-Za-z0-9._-]{0,9})?$/),
  configKey: fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).filter((key) => !key.includes('/')),
  envName: fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }).filter((name) => !name.includes('=')),
  absolutePath: pathPart.map((part) => `/${part}`).filter((path) => !path.split('/').includes('..')),
  port: fc.oneof(fc.integer({ min: 1, max: 65535 }).map(String), fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z]$/)),
  portNumber: fc.nat({ max: 65535 }),
  jsonObject,
  labelKey: fc.stringMatching(/^([a-z]{1,4}(\.[a-z0-9]{1,3})?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,5}[A-Za-z0-9])?$/),
  labelValue: fc.stringMatching(/^([A-Za-z0-9]([A-Za-z0-9._-]{0,5}[A-Za-z0-9])?)?$/),
  limit: fc.constantFrom('', '2', '1500m', '1e3', '2Gi'),
  request: fc.constantFrom('', '1', '0', '1000m', '.5'),
  oneOf: (...words) => fc.constantFrom('', ...words),
};

const anyTexts: Texts = {
  label: likelyText,
  text,
  filled: likelyText,
  imageName: likelyText,
  imageTag: likelyText,
  configKey: likelyText,
  envName: likelyText,
  absolutePath: likelyText,
  port: likelyText,
  portNumber: int32,
  jsonObject: fc.oneof(jsonObject, likelyText),
  labelKey: likelyText,
  labelValue: likelyText,
  limit: likelyText,
  request: likelyText,
  oneOf: () => likelyText,
};

const notNegative = fc.nat({ max: 2 ** 31 - 1 });

/** Templates that break no rule. */
export const validAppImage: fc.Arbitrary<AppImage> = appImages(validTexts, true);

/** Templates of the right types, which may break any rule. */
export const anyAppImage: fc.Arbitrary<AppImage> = appImages(anyTexts, false);

/** Updates without a mask that break no rule. */
export const validUpdate: fc.Arbitrary<AppImageUpdate> = fc.record({
  name: label,
  image: images(validTexts),
  configTemplates: fc.option(configTemplates(validTexts), { nil: undefined }),
  deployTemplates: fc.option(deployTemplates(validTexts, true, 0), { nil: undefined }),
  labels: fc.option(labels(validTexts), { nil: undefined }),
  annotations: fc.option(annotations(validTexts), { nil: undefined }),
  updateMask: fc.constantFrom(undefined, []),
});

/** Paths of an update mask that exist. */
export const maskPath: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('*', 'name', 'image', 'image.name', 'image.tag', 'image.id', 'image.sign'),
  fc.constantFrom('config_templates', 'configTemplates', 'deploy_templates', 'deployTemplates'),
  fc.constantFrom('labels', 'annotations'),
  fc.tuple(fc.constantFrom('labels', 'annotations'), validTexts.labelKey).map(([field, key]) => `${field}.${key}`),
  validTexts.configKey.map((key) => `config_templates.\`${key.replaceAll('`', '``')}\``),
);

function images(texts: Texts): fc.Arbitrary<AppImageInfo> {
  return fc.record({ name: texts.imageName, tag: texts.imageTag, id: text, sign: text });
}

function configTemplates(texts: Texts): fc.Arbitrary<Map<string, string>> {
  return fc.array(fc.tuple(texts.configKey, text), { maxLength: 4 }).map((entries) => new Map(entries));
}

function labels(texts: Texts): fc.Arbitrary<Map<string, string>> {
  return fc.array(fc.tuple(texts.labelKey, texts.labelValue), { maxLength: 3 }).map((entries) => new Map(entries));
}

function annotations(texts: Texts): fc.Arbitrary<Map<string, string>> {
  return fc.array(fc.tuple(texts.labelKey, text), { maxLength: 3 }).map((entries) => new Map(entries));
}

function deployTemplates(texts: Texts, valid: boolean, minLength: number): fc.Arbitrary<DeployTemplate[]> {
  const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  const named = valid ? ({ selector: (entry: { name: string }) => entry.name } as const) : {};
  const count = valid ? notNegative : int32;
  const exec = fc.record({ command: fc.array(text, { minLength: valid ? 1 : 0, maxLength: 2 }) });
  const httpGet = fc.record({
    path: text,
    port: texts.port,
    host: text,
    scheme: texts.oneOf('HTTP', 'HTTPS'),
    httpHeaders: fc.array(fc.record({ name: text, value: text }), { maxLength: 2 }),
  });
  const tcpSocket = fc.record({ port: texts.port, host: text });
  const grpc = fc.record({ port: valid ? fc.integer({ min: 1, max: 65535 }) : int32, service: text });
  const noHandler = { exec: undefined, httpGet: undefined, tcpSocket: undefined, grpc: undefined };
  const handler = valid
    ? fc.oneof(
        exec.map((action) => ({ ...noHandler, exec: action })),
        httpGet.map((action) => ({ ...noHandler, httpGet: action })),
        tcpSocket.map((action) => ({ ...noHandler, tcpSocket: action })),
        grpc.map((action) => ({ ...noHandler, grpc: action })),
      )
    : fc.record({
        exec: optional(exec),
        httpGet: optional(httpGet),
        tcpSocket: optional(tcpSocket),
        grpc: optional(grpc),
      });
  const times = fc.record({
    initialDelaySeconds: count,
    timeoutSeconds: count,
    periodSeconds: count,
    successThreshold: valid ? fc.nat({ max: 1 }) : int32,
    failureThreshold: count,
    terminationGracePeriodSeconds: fc.bigInt({ min: valid ? 0n : -(2n ** 63n), max: 2n ** 63n - 1n }),
  });
  const probe = fc.tuple(handler, times).map(([action, numbers]) => ({ ...action, ...numbers }));
  const reference = fc.record({ name: texts.filled });
  const envFrom = fc
    .record({ prefix: text, configMapRef: optional(reference), secretRef: optional(reference) })
    .filter(({ configMapRef, secretRef }) => !valid || configMapRef !== undefined || secretRef !== undefined);
  const container = fc.record({
    name: texts.label,
    command: fc.array(text, { maxLength: 2 }),
    args: fc.array(text, { maxLength: 2 }),
    workingDir: text,
    configVolumeMounts: fc.array(
      fc.record({
        mountPath: texts.absolutePath,
        subPath: valid ? pathPart.filter((part) => !part.includes('/')) : text,
      }),
      { maxLength: 2 },
    ),
    ports: fc.uniqueArray(
      fc.record({
        name: texts.filled,
        protocol: texts.oneOf('HTTP', 'GRPC'),
        scope: texts.oneOf('Cluster', 'Domain', 'Local'),
        port: texts.portNumber,
      }),
      { maxLength: 3, ...named },
    ),
    envFrom: fc.array(envFrom, { maxLength: 2 }),
    env: fc.array(fc.record({ name: texts.envName, value: text }), { maxLength: 2 }),
    resources: optional(
      fc.record({
        limits: optional(fc.record({ cpu: texts.limit, memory: texts.limit })),
        requests: optional(fc.record({ cpu: texts.request, memory: texts.request })),
      }),
    ),
    livenessProbe: optional(probe),
    readinessProbe: optional(probe),
    startupProbe: optional(probe),
    imagePullPolicy: texts.oneOf('Always', 'Never', 'IfNotPresent'),
    metricProbe: optional(fc.record({ path: fc.oneof(fc.constant(''), texts.absolutePath), port: texts.port })),
    securityContext: texts.jsonObject,
  });
  const networkPolicy = fc.record({
    ingresses: fc.array(
      fc.record({
        from: optional(fc.record({ roles: fc.array(texts.filled, { maxLength: 2 }) })),
        ports: fc.array(fc.record({ port: texts.filled }), { maxLength: 2 }),
      }),
      { maxLength: 2 },
    ),
  });
  return fc.array(
    fc.record({
      name: texts.label,
      role: text,
      replicas: count,
      restartPolicy: texts.oneOf('Always', 'Never', 'OnFailure'),
      containers: fc.uniqueArray(container, { minLength: valid ? 1 : 0, maxLength: 2, ...named }),
      networkPolicy: optional(networkPolicy),
      affinity: texts.jsonObject,
    }),
    { minLength, maxLength: 2 },
  );
}

function appImages(texts: Texts, valid: boolean): fc.Arbitrary<AppImage> {
  return fc.record({
    name: texts.label,
    image: valid ? images(texts) : fc.option(images(texts), { nil: undefined }),
    configTemplates: configTemplates(texts),
    deployTemplates: deployTemplates(texts, valid, valid ? 1 : 0),
    labels: labels(texts),
    annotations: annotations(texts),
  });
}
