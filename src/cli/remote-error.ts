import { status as GrpcStatus, type ServiceError } from '@grpc/grpc-js';
import { BadRequest } from '../../gen/google/rpc/error_details.js';
import type { Status } from '../../gen/kuscia/proto/api/v1alpha1/common.js';
import { ERRORS, type FieldViolation } from '../domain/errors.js';
import { CliError } from './cli-error.js';
import { addressOf, type ConnectionSettings } from './connection.js';
import type { ExitName } from './exit-codes.js';

const DOCTOR = 'run `appimagectl doctor`, which tests the connection step by step';

interface Explanation {
  readonly exit: ExitName;
  readonly hint?: string;
}

/** What an outcome means for the caller of the command line. Codes that are not here are plain failures. */
const EXPLANATIONS: ReadonlyMap<number, Explanation> = new Map<number, Explanation>([
  [
    ERRORS.UNEXPECTED.code,
    { exit: 'FAILED', hint: 'this is a fault of the server; its log has more under the request id' },
  ],
  [ERRORS.AUTH_FAILED.code, { exit: 'REFUSED', hint: DOCTOR }],
  [
    ERRORS.APP_IMAGE_EXISTS.code,
    { exit: 'CONFLICT', hint: 'see what is there with `appimagectl get NAME -o manifest`' },
  ],
  [
    ERRORS.REVISION_CONFLICT.code,
    {
      exit: 'CONFLICT',
      hint: 'someone else changed it: see `appimagectl history NAME`, then decide anew on top of the newest revision',
    },
  ],
  [
    ERRORS.STORE_UNAVAILABLE.code,
    { exit: 'FAILED', hint: 'the server cannot reach its database; try again in a while' },
  ],
  [
    ERRORS.BODY_TOO_LARGE.code,
    { exit: 'FAILED', hint: 'apply fewer templates at once, or ask the operator for a higher limit' },
  ],
  [ERRORS.REVISION_NOT_FOUND.code, { exit: 'FAILED', hint: '`appimagectl history NAME` lists the revisions and tags' }],
  [ERRORS.TAG_CONFLICT.code, { exit: 'CONFLICT', hint: '`appimagectl history NAME` shows where the tag points now' }],
  [ERRORS.RESUME_TOKEN_EXPIRED.code, { exit: 'FAILED', hint: 'begin anew with --from state' }],
]);

/** The error of an envelope that does not say success. */
export function remoteError(status: Status | undefined): CliError | undefined {
  if (status === undefined) {
    return new CliError('FAILED', 'the server answered without a status; is it a registry of application images?');
  }
  if (status.code === 0) {
    return undefined;
  }
  const { exit, hint } = EXPLANATIONS.get(status.code) ?? { exit: 'FAILED' };
  return new CliError(exit, status.message, { hint, violations: violationsOf(status), serverCode: status.code });
}

/** Every fault that an envelope tells of. */
export function violationsOf({ details }: Status): readonly FieldViolation[] {
  return details
    .filter(({ typeUrl }) => typeUrl.endsWith('/google.rpc.BadRequest'))
    .flatMap(({ value }) => BadRequest.decode(value).fieldViolations);
}

/** The error of a call that ended with a gRPC status. */
export function transportError(error: ServiceError, settings: ConnectionSettings): CliError {
  const address = addressOf(settings);
  switch (error.code) {
    case GrpcStatus.UNAUTHENTICATED:
      return new CliError('REFUSED', `${address} refused the caller: ${error.details}`, { hint: DOCTOR, cause: error });
    case GrpcStatus.PERMISSION_DENIED:
      return new CliError('REFUSED', `${address} does not allow this: ${error.details}`, {
        hint: 'ask the operator for a token of a higher role, and name its file with --token-file',
        cause: error,
      });
    case GrpcStatus.UNAVAILABLE:
      return connectionError(error, settings);
    case GrpcStatus.DEADLINE_EXCEEDED:
      return new CliError('CANNOT_CONNECT', `${address} did not answer within ${settings.timeoutMs} ms`, {
        hint: `${DOCTOR}; --timeout allows for more`,
        cause: error,
      });
    case GrpcStatus.UNIMPLEMENTED:
      return new CliError('FAILED', `${address} does not know this method: ${error.details}`, {
        hint: 'the server is older than this command line, or something else; see `appimagectl version`',
        cause: error,
      });
    case GrpcStatus.RESOURCE_EXHAUSTED:
      return new CliError('FAILED', `over a limit: ${error.details}`, {
        hint: 'apply fewer templates at once, or try again later',
        cause: error,
      });
    default:
      return new CliError('FAILED', `the call failed: ${error.details} (${GrpcStatus[error.code]})`, { cause: error });
  }
}

/** Symptoms of a connection that does not come about, and what to do. */
const SYMPTOMS: readonly (readonly [RegExp, string, string])[] = [
  [/ECONNREFUSED/, 'nothing listens there', 'start the server (`make run`), or name another with --server host:port'],
  [/ENOTFOUND|EAI_AGAIN|Name resolution failed/i, 'the name cannot be resolved', 'check the host in --server'],
  [/ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/, 'the host cannot be reached', 'check the host, the port and firewalls'],
  [
    /self.signed|unable to (get|verify)|UNABLE_TO|issuer/i,
    "the server's certificate is not of the CA that is trusted here",
    "name the CA's certificate with --ca",
  ],
  [
    /altnames|Hostname\/IP/i,
    "the server's certificate is for another name",
    'use the name that it bears in --server, or give it with --tls-server-name',
  ],
  [/certificate has expired|CERT_HAS_EXPIRED/i, "the server's certificate has expired", 'the operator has to renew it'],
  [
    /wrong version number|packet length too long|EPROTO/i,
    'the server does not speak TLS on this port',
    'use the gRPC port (8083 by default); for a server without TLS give --insecure-plaintext',
  ],
];

function connectionError(error: ServiceError, settings: ConnectionSettings): CliError {
  if (settings.isPlaintext && !/ECONNREFUSED|ENOTFOUND|resolution failed/i.test(error.details)) {
    return new CliError('CANNOT_CONNECT', `cannot connect to ${addressOf(settings)}: it does not answer without TLS`, {
      hint: `leave out --insecure-plaintext (${settings.sources.get('insecure-plaintext') ?? ''} asks for it)\n${DOCTOR}`,
      cause: error,
    });
  }
  const found = SYMPTOMS.find(([symptom]) => symptom.test(error.details));
  const [, what, advice] = found ?? [undefined, error.details, undefined];
  return new CliError('CANNOT_CONNECT', `cannot connect to ${addressOf(settings)}: ${what}`, {
    hint: advice === undefined ? DOCTOR : `${advice}\n${DOCTOR}`,
    cause: error,
  });
}
