import { open } from 'lmdb';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { exampleAppImage } from '../load/example-app-image.js';
import { templateName } from '../load/template-name.js';
import { serveParent } from '../processes/serve-parent.js';
import { measureWrites } from './measure-writes.js';
import type { StoreFloorMessage, StoreFloorReply } from './store-floor-message.js';

/* F3 on LMDB: what durable puts of the same records cost, without a service in front of them. */

/** Inserts in flight while records to overwrite are stored. */
const INSERTED_AT_ONCE = 2000;

let inserted = 0;
const { protobuf, json } = appImageCodec.encode(exampleAppImage());
/** What the store keeps of a template, but for some bytes of its head. */
const value = Buffer.concat([protobuf, json]);

serveParent<StoreFloorMessage, StoreFloorReply>(async ({ location, inFlight, windowMs, overwritten }) => {
  const store = open<Buffer, string>({ path: location, noSubdir: false, encoding: 'binary', overlappingSync: false });
  const insert = (): Promise<boolean> => {
    inserted += 1;
    return store.put(templateName(inserted), value);
  };
  const overwrite = (): Promise<boolean> => store.put(templateName(1 + Math.floor(Math.random() * overwritten)), value);
  while (inserted < overwritten) {
    await Promise.all(Array.from({ length: Math.min(INSERTED_AT_ONCE, overwritten - inserted) }, insert));
  }
  const measured = await measureWrites(inFlight, windowMs, overwritten > 0 ? overwrite : insert);
  await store.close();
  return measured;
});
