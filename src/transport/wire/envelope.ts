import type { DescMessage } from '@bufbuild/protobuf';
import { BadRequest } from '../../../gen/google/rpc/error_details.js';
import { Status } from '../../../gen/kuscia/proto/api/v1alpha1/common.js';
import type { AppImageError } from '../../domain/errors.js';
import { emptyJson } from './json-encode.js';
import type { Encoding } from './method.js';

/** Type of the one detail that a failure carries; see proto/google/rpc. */
const BAD_REQUEST_TYPE = 'type.googleapis.com/google.rpc.BadRequest';

/** `{"status":{...success}` without its end, for a response to go on with its other fields. */
export const SUCCESS_JSON_START = '{"status":{"code":0,"message":"success","details":[]}';

/** Field 1, `status`, of every response on success. */
export const SUCCESS_PROTOBUF: Uint8Array = statusField(Status.encode(Status.create({ message: 'success' })).finish());

/**
 * The whole response to a failed call.
 * @param response the method's response message, whose other fields are there with their defaults in JSON; `undefined` where the request
 * reached no method
 */
export function encodeFailure(error: AppImageError, encoding: Encoding, response?: DescMessage): Uint8Array {
  return encoding === 'json' ? Buffer.from(failureJson(error, response)) : failureProtobuf(error);
}

function failureJson(error: AppImageError, response: DescMessage | undefined): string {
  const details =
    error.violations.length === 0
      ? []
      : [
          {
            '@type': BAD_REQUEST_TYPE,
            field_violations: error.violations.map(({ field, description }) => ({ field, description })),
          },
        ];
  const status = JSON.stringify({ code: error.code, message: error.message, details });
  const others = (response?.fields ?? [])
    .filter((field) => field.name !== 'status')
    .map((field) => `,${JSON.stringify(field.name)}:${emptyJson(field)}`);
  return `{"status":${status}${others.join('')}}`;
}

function failureProtobuf(error: AppImageError): Uint8Array {
  const details =
    error.violations.length === 0
      ? []
      : [
          {
            typeUrl: BAD_REQUEST_TYPE,
            value: Buffer.from(BadRequest.encode({ fieldViolations: [...error.violations] }).finish()),
          },
        ];
  return statusField(Status.encode({ code: error.code, message: error.message, details }).finish());
}

function statusField(status: Uint8Array): Uint8Array {
  return lengthDelimited(1, [status]);
}

/** A length-delimited field of these parts, one behind the other. */
export function lengthDelimited(fieldNumber: number, parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([fieldHeader(fieldNumber, length), ...parts]);
}

/** Tag and length of a length-delimited field. */
export function fieldHeader(fieldNumber: number, length: number): Uint8Array {
  const bytes: number[] = [];
  pushVarint(bytes, fieldNumber * 8 + 2);
  pushVarint(bytes, length);
  return Uint8Array.from(bytes);
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
}
