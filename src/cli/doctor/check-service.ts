import { status as GrpcStatus, type ServiceError } from '@grpc/grpc-js';
import { ERRORS } from '../../domain/errors.js';
import { addressOf, type ConnectionCredentials, type ConnectionSettings } from '../connection.js';
import { METHODS, type RemoteMethod } from '../registry-methods.js';
import { type Check, failed, ok, skipped, warning } from './check.js';
import { certificateAdvice } from './check-client-certificate.js';
import { compareContracts } from './compare-contracts.js';
import type { ProbeClient } from './probe-client.js';

/** `grpc.health.v1.Health/Check`, which asks for no token. Its empty request stands for the server as a whole. */
const HEALTH: RemoteMethod<Buffer, Buffer> = {
  path: '/grpc.health.v1.Health/Check',
  serialise: (request) => request,
  deserialise: (bytes) => bytes,
};

const TOKEN_ADVICE =
  'ask the operator for the present token, and name its file with --token-file (`make run` writes one to certs/token)';

/** Whether the server takes the client certificate: it answers a call that needs no token. */
export async function checkAcceptance(
  client: ProbeClient,
  settings: ConnectionSettings,
  { cert }: ConnectionCredentials,
): Promise<Check> {
  const step = 'client-certificate';
  const outcome = await client.call(HEALTH, Buffer.alloc(0), undefined);
  const fault = 'fault' in outcome ? outcome.fault : undefined;
  // A proxy may well keep the health service to itself; what it says has come through a connection that was accepted.
  if (fault === undefined || fault.code === GrpcStatus.NOT_FOUND || isForeign(fault)) {
    if (settings.isPlaintext) {
      return skipped(step, 'not used without TLS');
    }
    return cert === undefined
      ? ok(step, 'there is none, and the server wants none')
      : ok(step, `the server accepts ${settings.certFile ?? 'it'}`);
  }
  if (fault.code === GrpcStatus.UNAUTHENTICATED || /alert|certificate required/i.test(fault.details)) {
    return failed(
      step,
      'REFUSED',
      `the server refuses it: ${fault.details}`,
      certificateAdvice('certificate that the CA of this server issued'),
    );
  }
  return unexpected(step, fault, settings);
}

/** Whether the token is one that the server knows, and what its holder may do. Changes nothing. */
export async function checkToken(
  client: ProbeClient,
  settings: ConnectionSettings,
  { token }: ConnectionCredentials,
): Promise<Check[]> {
  const outcome = await client.call(METHODS.list, { header: undefined, pageSize: 1n, pageToken: '' }, token);
  if ('fault' in outcome) {
    const { fault } = outcome;
    if (fault.code === GrpcStatus.UNAUTHENTICATED) {
      const from = settings.tokenFile ?? settings.sources.get('token') ?? 'the token';
      const message = `the server refuses the caller: ${fault.details}`;
      return [
        failed('token', 'REFUSED', token === undefined ? message : `${message} (token from ${from})`, TOKEN_ADVICE),
      ];
    }
    if (fault.code === GrpcStatus.PERMISSION_DENIED) {
      return [
        ok('token', 'the server knows it'),
        failed('role', 'REFUSED', fault.details, 'ask the operator for a token of the role viewer or higher'),
      ];
    }
    return [isForeign(fault) ? foreign(fault, settings) : unexpected('token', fault, settings)];
  }
  const known =
    token === undefined ? ok('token', 'there is none, and the server wants none') : ok('token', 'the server knows it');
  const { status } = outcome.response;
  if (status?.code === ERRORS.STORE_UNAVAILABLE.code) {
    return [
      known,
      failed(
        'role',
        'FAILED',
        `the server cannot reach its database: ${status.message}`,
        'try again in a while, or tell the operator',
      ),
    ];
  }
  return [known, await checkRole(client, settings, token)];
}

/** An apply of nothing is refused as bad input where the role would allow an apply, and for the role where it would not. */
async function checkRole(client: ProbeClient, settings: ConnectionSettings, token: string | undefined): Promise<Check> {
  const nothing = { header: undefined, appImages: [], dryRun: true, failOnWarnings: false, message: '' };
  const outcome = await client.call(METHODS.apply, nothing, token);
  if (!('fault' in outcome)) {
    return ok('role', 'it may read and change templates');
  }
  const { fault } = outcome;
  if (fault.code === GrpcStatus.PERMISSION_DENIED) {
    return warning(
      'role',
      `it may read templates and not change them: ${fault.details}`,
      'where templates are to be changed, ask the operator for a token of the role editor',
    );
  }
  return fault.code === GrpcStatus.UNIMPLEMENTED
    ? skipped('role', 'it may read templates; more cannot be told, since the server has no Apply')
    : unexpected('role', fault, settings);
}

/** Whether the server serves the contract that this command line was built with. */
export async function checkVersion(client: Pick<ProbeClient, 'exchange'>, version: string): Promise<Check> {
  const step = 'server-version';
  const difference = await compareContracts(client);
  if (difference === undefined) {
    return warning(
      step,
      'the server does not tell which contract it serves',
      'it may be older than this command line, a Kuscia without our extensions, or reflection is blocked on the way',
    );
  }
  const { missing, unknown } = difference;
  if (missing.length > 0) {
    return failed(
      step,
      'FAILED',
      `the server is older than appimagectl ${version}: it lacks ${some(missing)}`,
      'have the server updated, or use the appimagectl that came with it',
    );
  }
  return unknown.length > 0
    ? warning(
        step,
        `the server is newer than appimagectl ${version}: it also has ${some(unknown)}`,
        'update appimagectl to use what is new',
      )
    : ok(step, `the server serves the contract of appimagectl ${version}`);
}

/** Whether something else than a registry answered: another gRPC server, or one that speaks plain HTTP. */
function isForeign({ code, details }: ServiceError): boolean {
  return code === GrpcStatus.UNIMPLEMENTED || /HTTP status code/i.test(details);
}

function foreign({ details }: ServiceError, settings: ConnectionSettings): Check {
  return failed(
    'port',
    'CANNOT_CONNECT',
    `${addressOf(settings)} is open, but no registry of application images answers there: ${details}`,
    'use the gRPC port of the registry (8083 by default) in --server',
  );
}

function unexpected(step: Check['step'], fault: ServiceError, settings: ConnectionSettings): Check {
  return failed(
    step,
    'CANNOT_CONNECT',
    `${addressOf(settings)} did not answer as expected: ${fault.details} (${GrpcStatus[fault.code]})`,
    'look into the log of the server, and at what stands between here and there',
  );
}

const SHOWN_PARTS = 5;

function some(parts: readonly string[]): string {
  const more = parts.length - SHOWN_PARTS;
  return parts.slice(0, SHOWN_PARTS).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
