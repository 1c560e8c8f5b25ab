import {
  Revision as RevisionMessage,
  WatchEvent_Type,
  WatchEvent as WatchEventMessage,
  WatchRequest,
  WatchRequest_Start,
} from '../../../gen/appimage/v1/registry.js';
import { didYouMean } from '../../domain/did-you-mean.js';
import { invalidRequest, quoteValue } from '../../domain/errors.js';
import type { WatchBatch, WatchEvent, WatchOptions, WatchService } from '../../service/watch-service.js';
import { methodName } from './define-method.js';
import { lengthDelimited, SUCCESS_PROTOBUF } from './envelope.js';
import { JsonEncoder } from './json-encode.js';
import type { StreamMessage, StreamMethod } from './method.js';
import { decodeProtobuf } from './protobuf-decode.js';
import { revisionMessage } from './registry-messages.js';
import { messageDescriptor, serviceDescriptor } from './schema.js';

/** Path of the watch on the HTTP gateway. */
export const WATCH_PATH = '/api/v1/appimage/watch';

/** Field numbers of registry.proto. */
const EVENTS_FIELD = 2;
const EVENT_REVISION_FIELD = 3;
const REVISION_CONTENT_FIELD = 11;

/** How the JSON of an event ends whose revision has no content: the content is the last field of the revision, and that of the event. */
const EMPTY_CONTENT_END = '"app_image":null}}';

const json = new JsonEncoder<WatchEventMessage>(messageDescriptor('appimage.v1.WatchEvent'));

/** The query parameters, by both spellings. */
const PARAMETERS: Readonly<Record<string, 'start' | 'namePrefix' | 'resumeToken'>> = {
  start: 'start',
  namePrefix: 'namePrefix',
  name_prefix: 'namePrefix',
  resumeToken: 'resumeToken',
  resume_token: 'resumeToken',
};

/** `appimage.v1.AppImageRegistryService.Watch`. */
export function watchMethod(service: WatchService): StreamMethod {
  const descriptor = serviceDescriptor('appimage.v1.AppImageRegistryService').method['watch'];
  if (descriptor === undefined) {
    throw new Error('the contract has no method Watch');
  }
  return {
    name: methodName(descriptor),
    descriptor,
    httpPath: WATCH_PATH,
    role: 'viewer',
    open: async (request, { signal, onSubject }) => {
      const { start, resumeToken, namePrefix } = decodeProtobuf(WatchRequest, descriptor.input, request);
      onSubject({ namePrefix, ...(resumeToken === '' ? {} : { resumeToken }) });
      return encoded(await service.watch({ start: readStart(start), resumeToken, namePrefix }, signal));
    },
    requestFromQuery: (query, lastEventId) => {
      const { start = '', namePrefix = '', resumeToken = '' } = readQuery(query);
      return WatchRequest.encode({
        header: undefined,
        start: startNamed(start),
        // An event source that connects again has the token of its last event, and the URL is still the first one.
        resumeToken: lastEventId === undefined || lastEventId === '' ? resumeToken : lastEventId,
        namePrefix,
      }).finish();
    },
    whileBlocked: (onSlow) => service.whileBlocked(onSlow),
    end: () => service.end(),
  };
}

async function* encoded(batches: AsyncGenerator<WatchBatch, void>): AsyncGenerator<StreamMessage, void> {
  for await (const batch of batches) {
    yield messageOf(batch);
  }
}

const messages = new WeakMap<WatchBatch, StreamMessage>();

/** The message of a batch: the same object for all watchers that share the batch. */
function messageOf(batch: WatchBatch): StreamMessage {
  let message = messages.get(batch);
  if (message === undefined) {
    message = new BatchMessage(batch);
    messages.set(batch, message);
  }
  return message;
}

class BatchMessage implements StreamMessage {
  readonly #batch: WatchBatch;
  #protobuf: Uint8Array | undefined;
  #events: Uint8Array | undefined;

  constructor(batch: WatchBatch) {
    this.#batch = batch;
  }

  get resumeToken(): string {
    return this.#batch.resumeToken;
  }

  get eventCount(): number {
    return this.#batch.events.length;
  }

  get protobuf(): Uint8Array {
    this.#protobuf ??= Buffer.concat([
      SUCCESS_PROTOBUF,
      ...this.#batch.events.map((event) => lengthDelimited(EVENTS_FIELD, eventProtobuf(event))),
    ]);
    return this.#protobuf;
  }

  get events(): Uint8Array {
    this.#events ??= Buffer.concat(this.#batch.events.flatMap(serverSentEvent));
    return this.#events;
  }
}

/** The parts of an event's protobuf. The content is copied as it is stored. */
function eventProtobuf(event: WatchEvent): readonly Uint8Array[] {
  const head = WatchEventMessage.encode({
    type: WatchEvent_Type[event.type],
    resumeToken: event.resumeToken,
    revision: undefined,
  }).finish();
  if (!('revision' in event)) {
    return [head];
  }
  const { revision } = event;
  const content = revision.content?.encoded.protobuf;
  const parts = [
    RevisionMessage.encode(revisionMessage(revision, { withContent: false })).finish(),
    ...(content === undefined ? [] : [lengthDelimited(REVISION_CONTENT_FIELD, [content])]),
  ];
  return [head, lengthDelimited(EVENT_REVISION_FIELD, parts)];
}

/** One event as an event stream has it: the JSON has no line break, since it is in one line as a whole and escapes those in texts. */
function serverSentEvent(event: WatchEvent): readonly Uint8Array[] {
  const revision = 'revision' in event ? event.revision : undefined;
  const text = json.encode({
    type: WatchEvent_Type[event.type],
    resumeToken: event.resumeToken,
    revision: revision && revisionMessage(revision, { withContent: false }),
  });
  const start = `id: ${event.resumeToken}\nevent: ${event.type}\ndata: `;
  if (revision?.content === undefined) {
    return [Buffer.from(`${start}${text}\n\n`)];
  }
  if (!text.endsWith(EMPTY_CONTENT_END)) {
    throw new Error('the content is no longer the last field of a revision');
  }
  const head = text.slice(0, -'null}}'.length);
  return [Buffer.from(start + head), revision.content.encoded.json, Buffer.from('}}\n\n')];
}

function readStart(start: WatchRequest_Start): WatchOptions['start'] {
  switch (start) {
    case WatchRequest_Start.START_UNSPECIFIED:
    case WatchRequest_Start.NOW:
      return 'NOW';
    case WatchRequest_Start.STATE:
      return 'STATE';
    default:
      throw invalidRequest([{ field: 'start', description: `${Number(start)} is unknown; use NOW (1) or STATE (2)` }]);
  }
}

/** @throws AppImageError REQUEST_INVALID with all faults at once */
function readQuery(
  query: Readonly<Record<string, unknown>>,
): Partial<Record<'start' | 'namePrefix' | 'resumeToken', string>> {
  const read: Partial<Record<'start' | 'namePrefix' | 'resumeToken', string>> = {};
  const faults = Object.entries(query).flatMap(([name, value]) => {
    const parameter = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
    if (parameter === undefined) {
      const near = didYouMean(name, Object.keys(PARAMETERS));
      const hint = near === undefined ? 'known are start, namePrefix and resumeToken' : `did you mean ${near}?`;
      return [{ field: name, description: `there is no such query parameter; ${hint}` }];
    }
    if (typeof value !== 'string' || read[parameter] !== undefined) {
      return [{ field: name, description: 'the query parameter is given more than once' }];
    }
    read[parameter] = value;
    return [];
  });
  if (faults.length > 0) {
    throw invalidRequest(faults);
  }
  return read;
}

function startNamed(name: string): WatchRequest_Start {
  switch (name) {
    case '':
      return WatchRequest_Start.START_UNSPECIFIED;
    case 'NOW':
      return WatchRequest_Start.NOW;
    case 'STATE':
      return WatchRequest_Start.STATE;
    default:
      throw invalidRequest([{ field: 'start', description: `${quoteValue(name)} is unknown; use NOW or STATE` }]);
  }
}
