import { randomUUID } from 'node:crypto';
import type { AppImage, EncodedAppImage } from '../../src/domain/app-image/app-image.js';
import { documentOf } from '../../src/store/mongo/app-image-document.js';
import { MongoDatabase } from '../../src/store/mongo/mongo-database.js';
import { openStore } from '../../src/store/open-store.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { exampleAppImage } from '../load/example-app-image.js';
import { NUMBER_AT, templateName, writeNumber } from '../load/template-name.js';

/** Changes in flight while a store is filled, which LMDB commits together. */
const CHANGES_AT_ONCE = 2000;
const DOCUMENTS_AT_ONCE = 500;

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

/** Fills the LMDB store of a data folder with the templates 0 to `count` - 1, through the store's own adapter. */
export async function fillLmdb(dataDir: string, count: number): Promise<void> {
  const example = firstTemplate();
  const copy = copies(example);
  await using opened = await openStore({
    store: 'lmdb',
    dataDir,
    codec: { ...appImageCodec, encode: ({ name }) => copy(Number(name.slice(NUMBER_AT))) },
  });
  for (const numbers of portions(count, CHANGES_AT_ONCE)) {
    await Promise.all(
      numbers.map((number) => {
        const name = templateName(number);
        return opened.change(name, () => ({ kind: 'put', appImage: { ...example, name } }));
      }),
    );
  }
}

/** Fills the database of a URL likewise, many documents at a time. */
export async function fillMongo(url: string, count: number): Promise<void> {
  const example = firstTemplate();
  await using database = new MongoDatabase(url);
  for (const numbers of portions(count, DOCUMENTS_AT_ONCE)) {
    await database.appImages.insertMany(
      numbers.map((number) => documentOf({ ...example, name: templateName(number) }, 1, randomUUID())),
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
