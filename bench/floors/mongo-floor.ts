import { randomUUID } from 'node:crypto';
import { type Document, MongoClient } from 'mongodb';
import { contentFieldsOf } from '../../src/store/mongo/app-image-document.js';
import { exampleAppImage } from '../load/example-app-image.js';
import { templateName } from '../load/template-name.js';
import { serveParent } from '../processes/serve-parent.js';
import { measureWrites } from './measure-writes.js';
import type { StoreFloorMessage, StoreFloorReply } from './store-floor-message.js';

/* F3 on MongoDB: what inserts of the same documents cost under the same write concern, without a service in front of them. */

let written = 0;
const document = { ...contentFieldsOf(exampleAppImage()), revision: 1, write_id: randomUUID() };

serveParent<StoreFloorMessage, StoreFloorReply>(async ({ location, inFlight, windowMs }) => {
  await using client = await new MongoClient(location, { retryWrites: false }).connect();
  const collection = client
    .db('floor')
    .collection<Document & { _id: string }>('app_images', { writeConcern: { w: 'majority', journal: true } });
  return await measureWrites(inFlight, windowMs, () => {
    written += 1;
    return collection.insertOne({ ...document, _id: templateName(written) });
  });
});
