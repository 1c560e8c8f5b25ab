import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { tokenFromHeaders } from '../../auth/token-from-headers.js';
import { invalidRequest, quoteValue } from '../../domain/errors.js';
import { FIELD_VALIDATIONS, type FieldValidation } from '../wire/method.js';
import type { Connection } from './connection.js';
import { malformed } from './refusal.js';
import { bodyTooLarge } from './request-body.js';

/** A client that still waits for leave to send its body may send it or not: what follows on its connection has no certain meaning. */
export function closeWhereBodyIsUncertain(request: IncomingMessage, connection: Connection): void {
  if (request.headers.expect !== undefined) {
    connection.closing = true;
  }
}

/** The token that the headers hold, if any. */
export function tokenOf(headers: IncomingHttpHeaders): string | undefined {
  const token = headers['token'];
  // Node joins a header of this kind that is sent twice, so it is never a list.
  return tokenFromHeaders(typeof token === 'string' ? token : undefined, headers.authorization);
}

/** What HTTP demands of the head of a request, beyond what Node's parser has checked. */
export function expectReadableHead({ headers, httpVersionMajor, httpVersionMinor }: IncomingMessage): void {
  if (headers.host === undefined && httpVersionMajor === 1 && httpVersionMinor === 1) {
    throw malformed(400, 'the request has no Host header, which HTTP/1.1 requires');
  }
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') {
    throw malformed(417, `cannot meet the expectation ${quoteValue(headers.expect)}; only 100-continue is known`);
  }
}

/** What the head tells about the body. */
export function expectAcceptableBody(headers: IncomingHttpHeaders, maxBodyBytes: number): void {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    const description = `the body comes with Content-Encoding ${quoteValue(encoding)}; send the body uncompressed`;
    throw invalidRequest([{ field: '', description }]);
  }
  if (Number(headers['content-length']) > maxBodyBytes) {
    throw bodyTooLarge(maxBodyBytes);
  }
}

/** How the query parameter `fieldValidation` has unknown fields treated. */
export function fieldValidationOf(value: unknown): FieldValidation {
  if (value === undefined) {
    return 'Warn';
  }
  const known = FIELD_VALIDATIONS.find((word) => word === value);
  if (known === undefined) {
    const found = typeof value === 'string' ? quoteValue(value) : 'given more than once';
    throw invalidRequest([
      { field: 'fieldValidation', description: `the query parameter is ${found}; use ${FIELD_VALIDATIONS.join(', ')}` },
    ]);
  }
  return known;
}
