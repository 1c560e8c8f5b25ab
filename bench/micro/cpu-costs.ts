import type { AppImage, AppImageUpdate } from '../../src/domain/app-image/app-image.js';
import { mergeAppImage } from '../../src/domain/app-image/merge-app-image.js';
import { normaliseAppImage } from '../../src/domain/app-image/normalise-app-image.js';
import { validateAppImage, validateUpdate } from '../../src/domain/app-image/validate-app-image.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { JsonDecoder } from '../../src/transport/wire/json-decode.js';
import { messageDescriptor } from '../../src/transport/wire/schema.js';
import { exampleAppImage, exampleBody } from '../load/example-app-image.js';
import { serveParent } from '../processes/serve-parent.js';

/** CPU time of what the service does with a template besides transport and store, in microseconds each. */
export interface CpuCosts {
  readonly decodeJson: number;
  readonly validateAndMerge: number;
  readonly encode: number;
  readonly decodeProtobuf: number;
}

// As the server has it.
Buffer.poolSize = 32 * 1024;

const LIMITS = { maxTemplateBytes: 1024 * 1024 };
const ROUNDS = 11;

serveParent<{ readonly roundMs: number }, CpuCosts>(({ roundMs }) => {
  const body = exampleBody('create');
  const decoder = new JsonDecoder<AppImage>(messageDescriptor('CreateAppImageRequest'));
  const decode = (): AppImage => decoder.decode(body, 'Warn').message;
  const appImage = exampleAppImage();
  const { name, image, configTemplates, deployTemplates } = appImage;
  const update: AppImageUpdate = {
    name,
    image,
    configTemplates,
    deployTemplates,
    labels: undefined,
    annotations: undefined,
    updateMask: undefined,
  };
  const { protobuf } = appImageCodec.encode(appImage);
  const measure = (work: () => unknown): number => cpuUsOf(work, roundMs);
  return {
    decodeJson: measure(decode),
    validateAndMerge: measure(() => {
      const merged = normaliseAppImage(mergeAppImage(appImage, update));
      return [validateUpdate(update, LIMITS), validateAppImage(merged, LIMITS)];
    }),
    encode: measure(() => appImageCodec.encode(appImage)),
    decodeProtobuf: measure(() => appImageCodec.decode(protobuf)),
  };
});

/** Median over rounds of the CPU time that one execution takes. */
function cpuUsOf(work: () => unknown, roundMs: number): number {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    const endAt = performance.now() + roundMs;
    let count = 0;
    while (performance.now() < endAt) {
      for (let each = 0; each < 50; each += 1) {
        work();
      }
      count += 50;
    }
    const { user, system } = process.cpuUsage(before);
    rounds.push((user + system) / count);
  }
  return rounds.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
}
