import { QueryAppImageRequest } from '../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import { encodePageToken } from '../../src/domain/app-image/page-token.js';
import { exampleBody } from './example-app-image.js';
import type { LoadTarget, Workload } from './load-job.js';
import { NUMBER_AT, templateName, writeNumber } from './template-name.js';

/** Distinct requests that a workload draws from where a request is more than a name. */
const DRAWN_PAGES = 1000;

/** A body, and where in it the numbers of templates stand. */
export interface RequestBody {
  readonly path: string;
  readonly contentType: string;
  readonly bytes: Buffer;
  /** Offsets of the numbers that each request gets anew. */
  readonly numbersAt: readonly number[];
}

/** What one request is made of: one of several bodies, with numbers of its own. */
export interface RequestSource {
  readonly bodies: readonly RequestBody[];
  /** Index of the next request's body. */
  next(): number;
  /** Number of the template that the next place of a body names. */
  number(): number;
}

let created = 0;

/** The requests of a workload against one server. */
export function requestSource(workload: Workload, { storedTemplates }: LoadTarget): RequestSource {
  const random = () => Math.floor(Math.random() * storedTemplates);
  const one = (body: RequestBody, number: () => number): RequestSource => ({ bodies: [body], next: () => 0, number });
  switch (workload.kind) {
    case 'query':
      return one(queryBody(workload.encoding), random);
    case 'batchQuery':
      return one(batchBody(workload.names), random);
    case 'list': {
      const bodies = Array.from({ length: Math.min(DRAWN_PAGES, storedTemplates) }, () =>
        listBody(workload.pageSize, Math.floor(Math.random() * Math.max(1, storedTemplates - workload.pageSize - 1))),
      );
      return { bodies, next: () => Math.floor(Math.random() * bodies.length), number: random };
    }
    case 'create':
      // Numbers go on over all windows and both servers: a name is free only once.
      return one(renamedExample('create'), () => {
        created += 1;
        return 500_000_000 + created;
      });
    case 'update':
      return one(renamedExample('update'), random);
    case 'updateOne':
      return one(renamedExample('update'), () => 0);
    default: {
      const { updateShare } = workload;
      return {
        bodies: [queryBody('json'), renamedExample('update')],
        next: () => (Math.random() < updateShare ? 1 : 0),
        number: random,
      };
    }
  }
}

function queryBody(encoding: 'json' | 'protobuf'): RequestBody {
  const name = templateName(0);
  const bytes =
    encoding === 'json'
      ? Buffer.from(JSON.stringify({ name }))
      : Buffer.from(QueryAppImageRequest.encode({ header: undefined, name }).finish());
  return requestBody('query', bytes, encoding === 'json' ? 'application/json' : 'application/x-protobuf');
}

function batchBody(names: number): RequestBody {
  return requestBody(
    'batchQuery',
    Buffer.from(JSON.stringify({ names: Array.from({ length: names }, () => templateName(0)) })),
  );
}

/** A page of templates behind the one of a number; the first page where that is -1. */
export function listBody(pageSize: number, after: number): RequestBody {
  const request = { page_size: pageSize, page_token: after < 0 ? '' : encodePageToken(templateName(after)) };
  return requestBody('list', Buffer.from(JSON.stringify(request)));
}

/** The document's example under a name of ours. */
function renamedExample(method: 'create' | 'update'): RequestBody {
  const example = JSON.parse(exampleBody(method).toString()) as object;
  return requestBody(method, Buffer.from(JSON.stringify({ ...example, name: templateName(0) })));
}

function requestBody(method: string, bytes: Buffer, contentType = 'application/json'): RequestBody {
  const name = Buffer.from(templateName(0));
  const numbersAt: number[] = [];
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + name.length)) {
    numbersAt.push(at + NUMBER_AT);
  }
  return { path: `/api/v1/appimage/${method}`, contentType, bytes, numbersAt };
}

/** Makes the bytes of a request: a copy of `template` with new numbers in it, which start at `offset` + `numbersAt`. */
export function fillIn(template: Buffer, offset: number, body: RequestBody, source: RequestSource): Buffer {
  const bytes = Buffer.allocUnsafe(template.length);
  template.copy(bytes);
  for (const at of body.numbersAt) {
    writeNumber(bytes, offset + at, source.number());
  }
  return bytes;
}
