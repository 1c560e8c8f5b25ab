import type { AppImage, EncodedAppImage } from '../../src/domain/app-image/app-image.js';
import { openStore } from '../../src/store/open-store.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { exampleAppImage } from '../load/example-app-image.js';
import { NUMBER_AT, templateName, writeNumber } from '../load/template-name.js';

/** Changes in flight while a store is filled: LMDB commits them together, and a database server takes them one by one. */
const AT_ONCE = { lmdb: 2000, mongodb: 64 } as const;

/** The example in both encodings under the name of a number: copies of one encoding, since a million encodings take a minute. */
function copies(example: AppImage): (number: number) => EncodedAppImage {
  const { protobuf, json } = appImageCodec.encode(example);
  const renamed = (bytes: Uint8Array): ((number: number) => Buffer) => {
    const original = Buffer.from(bytes);
    const at = original.indexOf(templateName(0)) + NUMBER_AT;
    return (number) => {
      const copy = Buffer.from(original);
      writeNumber(copy, at, number);
      return copy;
    };
  };
  const protobufOf = renamed(protobuf);
  const jsonOf = renamed(json);
  return (number) => ({ protobuf: protobufOf(number), json: jsonOf(number) });
}

const HISTORY = { maxRevisions: 100, maxChanges: 100_000 };
const ORIGIN = { method: 'Bench', tokenName: 'bench', certificateSubject: '', message: '' };

/** Fills the store of a data folder, or of a database, with the templates 0 to `count` - 1, through the store's own adapter. */
export async function fillStore(store: string, dataDir: string, count: number): Promise<void> {
  const example = { ...exampleAppImage(), name: templateName(0) };
  const copy = copies(example);
  await using opened = await openStore({
    store,
    dataDir,
    history: HISTORY,
    codec: { ...appImageCodec, encode: ({ name }) => copy(Number(name.slice(NUMBER_AT))) },
  });
  const atOnce = AT_ONCE[opened.kind];
  for (let first = 0; first < count; first += atOnce) {
    const numbers = Array.from({ length: Math.min(atOnce, count - first) }, (_, index) => first + index);
    await Promise.all(
      numbers.map((number) => {
        const name = templateName(number);
        return opened.change(name, () => ({ kind: 'put', appImage: { ...example, name } }), ORIGIN);
      }),
    );
  }
}
