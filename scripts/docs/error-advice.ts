import type { ErrorName } from '../../src/domain/errors.js';

/** What the page of an error says besides what the code knows. Markdown. */
export interface ErrorAdvice {
  /** When it happens, in full sentences. */
  readonly when: string;
  /** What the caller can do. */
  readonly client: string;
  /** What whoever runs the server can do, where that is something. */
  readonly operator?: string;
}

const STORE_FAULT_OPERATOR =
  'Find the log line by the request id in the response (`x-request-id`): its `err.cause` has what the database said. See [A store that answers with faults](operations.md#a-store-that-answers-with-faults).';

function storeFault(doing: string, client: string): ErrorAdvice {
  return {
    when: `The database answered, but with a fault, while ${doing}; or it holds what it should not.`,
    client,
    operator: STORE_FAULT_OPERATOR,
  };
}

const CHANGE_UNCERTAIN =
  'Query the template before repeating: the change was not confirmed. If the fault stays, tell whoever runs the server the request id.';
const READ_AGAIN = 'Repeat once; nothing was changed. If the fault stays, tell whoever runs the server the request id.';

/** A new error does not compile until it is described here. */
export const ERROR_ADVICE = {
  REQUEST_INVALID: {
    when: 'The request could be read, but breaks a rule of the contract: a required field is missing, a name is no label, a port name occurs twice, a page token was altered. Nothing was changed.',
    client:
      'Correct the fields. `status.details` has a `google.rpc.BadRequest` with a violation for every fault: the path of the field, what was found and what is allowed. Repeating the same request gives the same answer.',
  },
  REQUEST_MALFORMED: {
    when: 'The request could not be read: broken JSON or protobuf, a wrong type, invalid UTF-8, an unknown path (404), a method other than POST (405), a body that does not arrive in time (408). Nothing was changed.',
    client:
      'Correct the request; the message names the place of the fault, with line and column where the JSON itself is broken. Check path and `Content-Type`: a protobuf body needs `application/x-protobuf`.',
  },
  UNEXPECTED: {
    when: 'A fault of the service. The message carries the request id and nothing of the inside.',
    client: 'Tell whoever runs the server the request id. A read may be repeated; query before repeating a change.',
    operator: 'Find the log line by the request id: it has the error with its stack. It is worth a bug report.',
  },
  AUTH_FAILED: {
    when: 'No token, a wrong or an expired one; or, under `MTLS`, no client certificate, or one that is expired, not yet valid or of another CA. The message says which.',
    client:
      'Send the token in the header `Token` or as `Authorization: Bearer ...` (gRPC: metadata `token`). Under `MTLS`, present a client certificate of the CA in `ca.crt`. Repeating alone does not help.',
    operator:
      'The log line `request refused` or `connection refused` says who it was and what was missing. See [Refused clients](operations.md#refused-clients).',
  },
  ROLE_FORBIDDEN: {
    when: 'The token is good, but its role does not allow the method: `viewer` reads, `editor` changes as well. The message names both roles.',
    client: 'Use a token with the role that the message names.',
    operator: 'Roles are set in the tokens file (`tokensFile`); a change is taken over without a restart.',
  },
  CREATE_FAILED: storeFault('creating a template', CHANGE_UNCERTAIN),
  QUERY_FAILED: storeFault('reading a template', READ_AGAIN),
  UPDATE_FAILED: storeFault('updating a template', CHANGE_UNCERTAIN),
  DELETE_FAILED: storeFault('deleting a template', CHANGE_UNCERTAIN),
  BATCH_QUERY_FAILED: storeFault('reading several templates', READ_AGAIN),
  APP_IMAGE_NOT_FOUND: {
    when: 'No template has the name. A batch query answers so, with no data, if a single one is missing, and names all that are. A malformed name gets the same answer from query and delete.',
    client: 'Check the name, or create the template first. For a delete it means that there is nothing left to do.',
  },
  APP_IMAGE_EXISTS: {
    when: 'A template of this name is already stored. It was not changed.',
    client: 'Update it instead, or choose another name.',
  },
  LIST_FAILED: storeFault('listing templates', READ_AGAIN),
  REVISION_CONFLICT: {
    when: '`If-Match` (gRPC: metadata `if-match`) names another revision than the stored one: somebody changed the template since it was read. Nothing was changed.',
    client:
      'Query the template again, look at what changed, and repeat with the new `ETag`. Without `If-Match`, updates are merged one upon the other.',
  },
  STORE_UNAVAILABLE: {
    when: 'The database could not be reached, or did not answer, in time: five seconds at most. A change may have been stored or not, but never in part.',
    client:
      'Repeat after the time in `Retry-After`, with growing pauses. Query before repeating a create or a delete: the first attempt may have been stored.',
    operator:
      'See [Code 13151](operations.md#code-13151-the-store-cannot-be-reached). The service recovers by itself when the database is back.',
  },
  BODY_TOO_LARGE: {
    when: 'The body of the request is over `maxBodyBytes`, counted after decompression. Nothing was changed. A template over `maxTemplateBytes` is 11100 instead.',
    client: 'Send less: a template is meant for configuration, not for data. Ask for fewer names at a time.',
    operator: 'The limit is `maxBodyBytes`; see [config.md](config.md#limits-and-times).',
  },
  RESUME_TOKEN_EXPIRED: {
    when: 'A watch is to go on from a token that is older than the history that is kept. Nothing is sent, so that there is no silent gap.',
    client:
      'Watch from `STATE`: every template as it is now, then every change. The message has the earliest token that still works.',
    operator: 'How far the history reaches back is `maxChanges`; see [config.md](config.md#store).',
  },
  REVISION_NOT_FOUND: {
    when: 'The template has no such revision or tag: it never was, or the revision is older than those that are kept and has no tag.',
    client: 'List the revisions. Tag those that have to stay.',
    operator: 'How many revisions of each template are kept is `maxRevisions`; see [config.md](config.md#store).',
  },
  TAG_CONFLICT: {
    when: '`if_revision` names another revision than the one that the tag points at. The tag was not moved.',
    client: 'Look where the tag points now, decide again, and repeat.',
  },
  HISTORY_FAILED: storeFault('reading or writing the history of a template', READ_AGAIN),
  WATCHER_TOO_SLOW: {
    when: 'A watcher has not read for so long that more changes are waiting than `watchBacklog` allows. Its stream has ended.',
    client:
      'Watch again with the last token that was received; nothing is missed. Read faster, or watch a name prefix.',
  },
  RATE_LIMITED: {
    when: 'The token has sent more requests a second than `rateLimitPerSecond` allows. Nothing was changed.',
    client: 'Repeat after the time in `Retry-After`. A batch query of 100 names counts as one request.',
    operator: 'The limit is `rateLimitPerSecond`, for each token on each server process; 0 switches it off.',
  },
} as const satisfies Record<ErrorName, ErrorAdvice>;
