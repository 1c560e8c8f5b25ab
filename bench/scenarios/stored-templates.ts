import type { AppImage, EncodedAppImage } from '../../src/domain/app-image/app-image.js';
import type { AppImageStore } from '../../src/domain/app-image/app-image-store.js';
import { openStore } from '../../src/store/open-store.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { exampleAppImage } from '../load/example-app-image.js';
import { NUMBER_AT, templateName, writeNumber } from '../load/template-name.js';

/** Changes in flight while a store is filled, which LMDB commits together. */
const LMDB_AT_ONCE = 2000;
const MONGO_AT_ONCE = 32;

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

/** Fills the LMDB store of a data folder with the templates 0 to `count` - 1, through the store's own adapter. */
export async function fillLmdb(dataDir: string, count: number): Promise<void> {
  const example = firstTemplate();
  const copy = copies(example);
  const encode = ({ name }: AppImage): EncodedAppImage => copy(Number(name.slice(NUMBER_AT)));
  const codec = { ...appImageCodec, encode, lend: encode };
  await fill(await openStore({ store: 'lmdb', dataDir, history: HISTORY, codec }), example, count, LMDB_AT_ONCE);
}

/** Fills the database of a URL likewise. */
export async function fillMongo(url: string, count: number): Promise<void> {
  const store = await openStore({ store: url, dataDir: '', history: HISTORY, codec: appImageCodec });
  await fill(store, firstTemplate(), count, MONGO_AT_ONCE);
}

async function fill(opened: AppImageStore, example: AppImage, count: number, atOnce: number): Promise<void> {
  await using store = opened;
  for (const numbers of portions(count, atOnce)) {
    await Promise.all(
      numbers.map((number) => {
        const name = templateName(number);
        return store.change(name, () => ({ kind: 'put', appImage: { ...example, name } }), ORIGIN);
      }),
    );
  }
}

function firstTemplate(): AppImage {
  return { ...exampleAppImage(), name: templateName(0) };
}

function* portions(count: number, size: number): Iterable<number[]> {
  for (let first = 0; first < count; first += size) {
    yield Array.from({ length: Math.min(size, count - first) }, (_, index) => first + index);
  }
}
