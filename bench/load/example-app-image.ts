import { readFileSync } from 'node:fs';
import type { AppImage } from '../../src/domain/app-image/app-image.js';
import { normaliseAppImage } from '../../src/domain/app-image/normalise-app-image.js';
import { JsonDecoder } from '../../src/transport/wire/json-decode.js';
import { messageDescriptor } from '../../src/transport/wire/schema.js';

/** The requests that the API document gives as its examples. Every process of the bench runs in the root of the repository. */
const EXAMPLES = 'test/fixtures/requests';

/** The body of one of the document's examples. */
export function exampleBody(method: 'create' | 'update'): Buffer {
  return readFileSync(`${EXAMPLES}/${method}.json`);
}

/** The template of the document's example, as the service stores it. */
export function exampleAppImage(): AppImage {
  const decoder = new JsonDecoder<AppImage>(messageDescriptor('CreateAppImageRequest'));
  const { name, image, configTemplates, deployTemplates, labels, annotations } = decoder.decode(
    exampleBody('create'),
    'Warn',
  ).message;
  return normaliseAppImage({ name, image, configTemplates, deployTemplates, labels, annotations });
}
