import { open } from 'lmdb';
import { StructuredRevision } from '../../src/domain/app-image/app-image.js';
import { RecordCodec } from '../../src/store/lmdb/record.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { exampleAppImage } from '../load/example-app-image.js';
import { templateName } from '../load/template-name.js';
import { serveParent } from '../processes/serve-parent.js';
import { measureWrites } from './measure-writes.js';
import type { StoreFloorMessage, StoreFloorReply } from './store-floor-message.js';

/* F3 on LMDB: what durable puts of the same records cost, without a service in front of them. */

let written = 0;
const value = new RecordCodec(appImageCodec).encode(new StructuredRevision(appImageCodec, 1, exampleAppImage()));

serveParent<StoreFloorMessage, StoreFloorReply>(async ({ location, inFlight, windowMs }) => {
  const store = open<Buffer, string>({ path: location, noSubdir: false, encoding: 'binary', overlappingSync: false });
  const measured = await measureWrites(inFlight, windowMs, () => {
    written += 1;
    return store.put(templateName(written), value);
  });
  await store.close();
  return measured;
});
