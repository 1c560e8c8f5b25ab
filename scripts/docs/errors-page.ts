import { status as GrpcStatus } from '@grpc/grpc-js';
import { AppImageError, ERRORS, type ErrorName } from '../../src/domain/errors.js';
import { grpcStatusOf } from '../../src/transport/grpc/grpc-status.js';
import { HTTP_STATUS } from '../../src/transport/http/http-status.js';
import { ERROR_ADVICE, type ErrorAdvice } from './error-advice.js';
import { GENERATED_MARK } from './generated-mark.js';

const INTRODUCTION = `# Error codes

Every response carries \`status\` with \`code\`, \`message\` and \`details\`; code 0 is success. Over gRPC the call itself nearly always ends OK, and the
outcome is in \`status\`; only what never got as far as a method ends with a status of gRPC. Over HTTP the status below goes with the same
body. With \`httpErrorStatus: kuscia\` the HTTP status is 200 for whatever happens to a request whose token is good for the method.

Every response has the header \`x-request-id\` (gRPC: metadata), by which the server's log has the request. A failed request has changed nothing,
unless its section says otherwise.`;

/** The page \`docs/errors.md\`: the error table, the tables of the transports, and the advice. */
export function errorsPage(): string {
  const names = Object.keys(ERRORS)
    .filter((name): name is ErrorName => Object.hasOwn(ERRORS, name))
    .sort((a, b) => ERRORS[a].code - ERRORS[b].code);
  const rows = names.map(
    (name) =>
      `| ${ERRORS[name].code} | [${name}](#${name.toLowerCase()}) | ${HTTP_STATUS[name]} | ${grpcWords(name)} | ${ERRORS[name].meaning} |`,
  );
  return [
    GENERATED_MARK,
    '',
    INTRODUCTION,
    '',
    '| code | name | HTTP | gRPC | meaning |',
    '| --- | --- | --- | --- | --- |',
    '| 0 | success | 200 | OK | The request was carried out. |',
    ...rows,
    '',
    ...names.flatMap((name) => [...section(name), '']),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}

function section(name: ErrorName): string[] {
  const advice: ErrorAdvice = ERROR_ADVICE[name];
  return [
    `## ${name}`,
    '',
    `Code ${ERRORS[name].code}, HTTP ${HTTP_STATUS[name]}, gRPC ${grpcWords(name)}.`,
    '',
    `* **When:** ${advice.when}`,
    `* **Client:** ${advice.client}`,
    ...(advice.operator === undefined ? [] : [`* **Operator:** ${advice.operator}`]),
  ];
}

function grpcWords(name: ErrorName): string {
  const ended = grpcStatusOf(new AppImageError(name, name));
  return ended === undefined ? 'OK' : GrpcStatus[ended.code];
}
