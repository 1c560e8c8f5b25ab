import type { StreamMethod } from '../../wire/method.js';
import { messageDescriptor } from '../../wire/schema.js';
import { EVENT_STREAM_TYPE } from '../event-stream.js';
import { JSON_TYPE } from '../media-type.js';
import type { MessageSchemas } from './message-schemas.js';
import { commentOf } from './proto-comments.js';
import { failuresOf } from './responses.js';

const EVENT_STREAM = `Server-sent events, until the client goes away. Each has the resume token as its \`id\`, the type of the event as its
\`event\`, and a \`WatchEvent\` as JSON in one line as its \`data\`. An event \`ERROR\` has no \`id\`; its \`data\` is \`{"status": ...}\`, and the stream ends
behind it. To go on, connect again with the last \`id\` in \`Last-Event-ID\`, as an \`EventSource\` does by itself.`;

const EXAMPLE = `retry: 2000

id: 2s~8rjVW3cQ
event: DELETE
data: {"type":"DELETE","resume_token":"2s~8rjVW3cQ","revision":{"name":"app","revision":"3","deleted":true}}

`;

const REQUEST_ID = { $ref: '#/components/parameters/RequestId' };

/** How the cookie of {@link streamPaths} is presented, under `components.securitySchemes`. */
export const WATCH_COOKIE_SCHEME = {
  type: 'apiKey',
  in: 'cookie',
  name: 'appimage-watch',
  description: 'The cookie that `POST /api/v1/appimage/watch/session` hands out; it opens the watch and nothing else.',
} as const;

/** The paths of a stream: the stream itself, and the one where a browser gets the cookie for it. */
export function streamPaths(method: StreamMethod, schemas: MessageSchemas): Record<string, object> {
  return {
    [method.httpPath]: { get: streamOperation(method, schemas) },
    [`${method.httpPath}/session`]: { post: sessionOperation(method, schemas) },
  };
}

function streamOperation(method: StreamMethod, schemas: MessageSchemas): object {
  const { descriptor, role } = method;
  const event = schemas.output(messageDescriptor('appimage.v1.WatchEvent'));
  const comment = commentOf(descriptor).replace(/ *HTTP: `GET.*$/s, '');
  return {
    operationId: descriptor.name,
    summary: comment,
    description: `${comment}\n\nNeeds the role \`${role}\`. Over gRPC: \`${descriptor.parent.typeName}/${descriptor.name}\`.`,
    tags: [descriptor.parent.name],
    security: [
      { clientCertificate: [], token: [] },
      { clientCertificate: [], bearer: [] },
      { clientCertificate: [], watchCookie: [] },
    ],
    parameters: [
      query('start', 'Where to begin; NOW where it is absent. `resumeToken` and `Last-Event-ID` count more.', {
        type: 'string',
        enum: ['NOW', 'STATE'],
      }),
      query('namePrefix', 'Only templates whose names begin with this; also as `name_prefix`.', { type: 'string' }),
      query('resumeToken', 'Goes on behind the event with this token; also as `resume_token`.', { type: 'string' }),
      {
        name: 'last-event-id',
        in: 'header',
        description: 'The `id` of the last event, as an `EventSource` sends it. Counts more than `resumeToken`.',
        schema: { type: 'string' },
      },
      REQUEST_ID,
    ],
    responses: {
      '200': {
        description: EVENT_STREAM,
        headers: { 'x-request-id': { $ref: '#/components/headers/RequestId' } },
        content: {
          [EVENT_STREAM_TYPE]: {
            schema: { type: 'string', contentMediaType: JSON_TYPE, contentSchema: event },
            examples: { deleted: { value: EXAMPLE } },
          },
        },
      },
      ...failuresOf(method, schemas),
    },
  };
}

function sessionOperation(method: StreamMethod, schemas: MessageSchemas): object {
  const { descriptor, httpPath, role } = method;
  return {
    operationId: `${descriptor.name}Session`,
    summary: 'Hands out a cookie that lets an EventSource into the watch.',
    description: `An \`EventSource\` cannot send a token in a header, and a URL is no place for one. The cookie is hidden from scripts, goes to \`${httpPath}\` alone and is not sent by other sites' pages. It lasts an hour; ask for a new one before it is over.\n\nNeeds the role \`${role}\`, and the token in a header.`,
    tags: [descriptor.parent.name],
    parameters: [REQUEST_ID],
    responses: {
      '204': {
        description: 'The cookie.',
        headers: {
          'x-request-id': { $ref: '#/components/headers/RequestId' },
          'set-cookie': {
            description: '`appimage-watch=...; HttpOnly; Secure; SameSite=Strict`; absent where no token is needed.',
            schema: { type: 'string' },
          },
        },
      },
      ...Object.fromEntries(
        Object.entries(failuresOf(method, schemas)).filter(([status]) => ['400', '401', '403'].includes(status)),
      ),
    },
  };
}

function query(name: string, description: string, schema: object): object {
  return { name, in: 'query', description, schema };
}
