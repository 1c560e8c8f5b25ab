import { ERRORS, type ErrorName } from '../../../domain/errors.js';
import type { Method, StreamMethod } from '../../wire/method.js';
import { errorExamples, responseExample } from '../examples/responses.js';
import { HTTP_STATUS, statusHeaders } from '../http-status.js';
import { JSON_TYPE, PROTOBUF_TYPES } from '../media-type.js';
import type { MessageSchemas, Schema } from './message-schemas.js';

/** The methods that an error can come from. */
const ERROR_METHODS = {
  REQUEST_INVALID: 'all',
  REQUEST_MALFORMED: 'all',
  UNEXPECTED: 'all',
  AUTH_FAILED: 'all',
  ROLE_FORBIDDEN: 'all',
  CREATE_FAILED: ['CreateAppImage'],
  QUERY_FAILED: ['QueryAppImage'],
  UPDATE_FAILED: ['UpdateAppImage'],
  DELETE_FAILED: ['DeleteAppImage'],
  BATCH_QUERY_FAILED: ['BatchQueryAppImage'],
  LIST_FAILED: ['ListAppImage'],
  APP_IMAGE_NOT_FOUND: ['UpdateAppImage', 'DeleteAppImage', 'QueryAppImage', 'BatchQueryAppImage'],
  APP_IMAGE_EXISTS: ['CreateAppImage'],
  REVISION_CONFLICT: ['UpdateAppImage', 'DeleteAppImage'],
  STORE_UNAVAILABLE: [
    'CreateAppImage',
    'UpdateAppImage',
    'DeleteAppImage',
    'QueryAppImage',
    'BatchQueryAppImage',
    'ListAppImage',
  ],
  BODY_TOO_LARGE: 'all',
  RESUME_TOKEN_EXPIRED: ['Watch'],
  REVISION_NOT_FOUND: ['Lint', 'Render', 'Diff', 'GetRevision', 'Rollback', 'SetRevisionTag', 'DeleteRevisionTag'],
  TAG_CONFLICT: ['SetRevisionTag', 'DeleteRevisionTag'],
  HISTORY_FAILED: [
    'Lint',
    'Render',
    'Diff',
    'ListRevisions',
    'GetRevision',
    'Rollback',
    'SetRevisionTag',
    'DeleteRevisionTag',
  ],
  WATCHER_TOO_SLOW: ['Watch'],
  RATE_LIMITED: 'all',
} as const satisfies Record<ErrorName, 'all' | readonly string[]>;

/** Methods whose success carries the entity tag of a revision. */
const TAGGED_METHODS: readonly string[] = [
  'CreateAppImage',
  'UpdateAppImage',
  'QueryAppImage',
  'GetRevision',
  'Rollback',
];

/** Headers of responses, under `components`. */
export const RESPONSE_HEADERS = {
  RequestId: {
    description: 'The id of the request, by which the log of the service has it: the one that was sent, or a new one.',
    schema: { type: 'string' },
  },
  ETag: {
    description: 'The revision of the template, quotes included. `If-Match` of an update or delete takes it.',
    schema: { type: 'string', examples: ['"1"'] },
  },
  Warning: {
    description: 'One for each field of the request that the contract does not know, under `fieldValidation=Warn`.',
    schema: { type: 'string', examples: [String.raw`299 - "imagee: unknown field; did you mean \"image\"?"`] },
  },
  Challenge: { description: 'How to authenticate.', schema: { type: 'string' } },
  RetryAfter: { description: 'Seconds after which it is worth to try again.', schema: { type: 'string' } },
} as const;

const HEADER_NAMES: Readonly<Record<string, keyof typeof RESPONSE_HEADERS>> = {
  'www-authenticate': 'Challenge',
  'retry-after': 'RetryAfter',
};

/** The responses of a stream that cannot begin, by status. */
export function failuresOf(method: StreamMethod, schemas: MessageSchemas): Record<string, unknown> {
  const schema = schemas.output(method.descriptor.output);
  return failures(method, (examples) => ({ [JSON_TYPE]: { schema, examples } }));
}

/** Every response of a method, by status. */
export function responsesOf(method: Method, schemas: MessageSchemas): Record<string, unknown> {
  const schema = schemas.output(method.descriptor.output);
  return {
    '200': {
      description: 'The request was carried out.',
      headers: {
        'x-request-id': headerReference('RequestId'),
        ...(TAGGED_METHODS.includes(method.name) ? { etag: headerReference('ETag') } : {}),
        warning: headerReference('Warning'),
      },
      content: bodies(schema, method, { success: { value: responseExample(method) } }),
    },
    ...failures(method, (examples) => bodies(schema, method, examples)),
    '408': {
      description: `**${ERRORS.REQUEST_MALFORMED.code}** REQUEST_MALFORMED: the request did not arrive in time.`,
      headers: { 'x-request-id': headerReference('RequestId') },
      content: bodies(schema, method),
    },
  };
}

function failures(method: Method | StreamMethod, contentOf: (examples: object) => object): Record<string, unknown> {
  const responses = [...errorsByStatus(method)].map(([status, errors]) => [
    status,
    {
      description: errors.map((name) => `**${ERRORS[name].code}** ${name}: ${ERRORS[name].meaning}`).join('\n\n'),
      headers: {
        'x-request-id': headerReference('RequestId'),
        ...Object.fromEntries(
          Object.keys(statusHeaders(status)).flatMap((header) => {
            const name = HEADER_NAMES[header];
            return name === undefined ? [] : [[header, headerReference(name)]];
          }),
        ),
      },
      content: contentOf(errorExamples(method, errors)),
    },
  ]);
  return Object.fromEntries(responses) as Record<string, unknown>;
}

/** The forms of a body: JSON, and protobuf under either name. */
export function bodies(schema: Schema, method: Method, examples?: object, message = method.descriptor.output): object {
  const protobuf = { description: `The protobuf message \`${message.typeName}\`.` };
  return {
    [JSON_TYPE]: { schema, ...(examples === undefined ? {} : { examples }) },
    ...Object.fromEntries(
      PROTOBUF_TYPES.map((type) => [type, { schema: { type: 'string', contentMediaType: type, ...protobuf } }]),
    ),
  };
}

function errorsByStatus(method: Method | StreamMethod): Map<number, ErrorName[]> {
  const byStatus = new Map<number, ErrorName[]>();
  for (const name of Object.keys(ERRORS) as ErrorName[]) {
    const methods: 'all' | readonly string[] = ERROR_METHODS[name];
    if (methods === 'all' || methods.includes(method.name)) {
      const status = HTTP_STATUS[name];
      byStatus.set(status, [...(byStatus.get(status) ?? []), name]);
    }
  }
  return new Map([...byStatus].toSorted(([a], [b]) => a - b));
}

function headerReference(name: keyof typeof RESPONSE_HEADERS): object {
  return { $ref: `#/components/headers/${name}` };
}
