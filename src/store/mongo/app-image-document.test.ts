import fc from 'fast-check';
import { BSON } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { QueryAppImageResponseData } from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import { documentedAppImage, MANIFESTS, manifestAppImage } from '../../../test/support/app-image-fixtures.js';
import type { AppImage, Container, DeployTemplate, Probe } from '../../domain/app-image/app-image.js';
import { appImageOf, contentFieldsOf } from './app-image-document.js';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('', '\0', '$set', 'a.b', '__proto__', '{{.TASK_ID}}', '\u{1f600}\u2028'),
);
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const few = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { maxLength: 3 });
const resources = fc.record({ cpu: text, memory: text });
const probe: fc.Arbitrary<Probe> = fc.record({
  exec: maybe(fc.record({ command: few(text) })),
  httpGet: maybe(
    fc.record({
      path: text,
      port: text,
      host: text,
      scheme: text,
      httpHeaders: few(fc.record({ name: text, value: text })),
    }),
  ),
  tcpSocket: maybe(fc.record({ port: text, host: text })),
  grpc: maybe(fc.record({ port: int32, service: text })),
  initialDelaySeconds: int32,
  timeoutSeconds: int32,
  periodSeconds: int32,
  successThreshold: int32,
  failureThreshold: int32,
  terminationGracePeriodSeconds: int64,
});
const container: fc.Arbitrary<Container> = fc.record({
  name: text,
  command: few(text),
  args: few(text),
  workingDir: text,
  configVolumeMounts: few(fc.record({ mountPath: text, subPath: text })),
  ports: few(fc.record({ name: text, protocol: text, scope: text, port: int32 })),
  envFrom: few(
    fc.record({
      prefix: text,
      configMapRef: maybe(fc.record({ name: text })),
      secretRef: maybe(fc.record({ name: text })),
    }),
  ),
  env: few(fc.record({ name: text, value: text })),
  resources: maybe(fc.record({ limits: maybe(resources), requests: maybe(resources) })),
  livenessProbe: maybe(probe),
  readinessProbe: maybe(probe),
  startupProbe: maybe(probe),
  imagePullPolicy: text,
  metricProbe: maybe(fc.record({ path: text, port: text })),
  securityContext: text,
});
const deployTemplate: fc.Arbitrary<DeployTemplate> = fc.record({
  name: text,
  role: text,
  replicas: int32,
  restartPolicy: text,
  containers: few(container),
  networkPolicy: maybe(
    fc.record({
      ingresses: few(
        fc.record({ from: maybe(fc.record({ roles: few(text) })), ports: few(fc.record({ port: text })) }),
      ),
    }),
  ),
  affinity: text,
});
const textMap = few(fc.tuple(text, text)).map((pairs) => new Map(pairs));
const appImage: fc.Arbitrary<AppImage> = fc.record({
  name: text,
  image: maybe(fc.record({ name: text, tag: text, id: text, sign: text })),
  configTemplates: textMap,
  deployTemplates: few(deployTemplate),
  labels: textMap,
  annotations: textMap,
});

describe('the content of a template in a document', () => {
  it('comes back exactly after a trip through BSON', () => {
    fc.assert(
      fc.property(appImage, (given) => {
        const found = throughBson(given);
        expect(found).toStrictEqual(plain(given));
        expect([...found.configTemplates]).toStrictEqual([...given.configTemplates]);
        expect([...found.labels]).toStrictEqual([...given.labels]);
        expect([...found.annotations]).toStrictEqual([...given.annotations]);
      }),
    );
  });

  it.each([
    { origin: 'the documented example', given: documentedAppImage() },
    ...MANIFESTS.map((name) => ({ origin: name, given: manifestAppImage(name) })),
  ])('comes back exactly from $origin', ({ given }) => {
    expect(throughBson(given)).toStrictEqual(plain(given));
  });

  it('has no field that is named by a user, and no array directly in an array, which not all servers take', () => {
    fc.assert(
      fc.property(appImage, (given) => {
        walk(contentFieldsOf(given), (key, value, parent) => {
          expect(Array.isArray(parent) || /^[a-z_]+$/.test(key)).toBe(true);
          expect(Array.isArray(parent) && Array.isArray(value)).toBe(false);
        });
      }),
    );
  });

  it('can be queried by the names of the contract', () => {
    expect(contentFieldsOf(documentedAppImage())).toMatchObject({
      image: documentedAppImage().image,
      deploy_templates: [{ containers: [{ working_dir: expect.any(String), liveness_probe: expect.any(Object) }] }],
    });
  });

  it('reads a field that is missing as empty, as proto3 does', () => {
    expect(appImageOf('a', { _id: 'a', revision: 1 })).toStrictEqual(
      QueryAppImageResponseData.fromPartial({ name: 'a' }),
    );
  });

  it('takes whole numbers in whichever type a shell wrote them', () => {
    const edited = { deploy_templates: [{ name: 'd', replicas: 3n, containers: [] }] };
    expect(appImageOf('a', edited).deployTemplates[0]?.replicas).toBe(3);
  });

  it.each([
    ['text where a list belongs', { deploy_templates: 'x' }, 'deploy_templates is not an array'],
    ['a number where text belongs', { image: { tag: 5 } }, 'image.tag is not a string'],
    ['a fraction of a replica', { deploy_templates: [{ replicas: 1.5 }] }, 'deploy_templates[0].replicas is not'],
    ['a map with a broken pair', { config_templates: [['k', 'v']] }, 'config_templates[0] is not a document'],
  ])('is refused with the place of the fault: %s', (_, damage, message) => {
    expect(() => appImageOf('a', { ...contentFieldsOf(documentedAppImage()), ...damage })).toThrow(message);
  });
});

function throughBson(given: AppImage): AppImage {
  const bytes = BSON.serialize({ ...contentFieldsOf(given) });
  return appImageOf(given.name, BSON.deserialize(bytes, { useBigInt64: true }));
}

/** Records of fast-check have no prototype. */
function plain(value: AppImage): AppImage {
  return structuredClone(value);
}

function walk(node: object, visit: (key: string, value: unknown, parent: object) => void): void {
  for (const [key, value] of Object.entries(node)) {
    visit(key, value, node);
    if (typeof value === 'object' && value !== null) {
      walk(value as object, visit);
    }
  }
}
