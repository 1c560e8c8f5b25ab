import type { DescMessage } from '@bufbuild/protobuf';
import { BadRequest } from '../../../gen/google/rpc/error_details.js';
import { Status } from '../../../gen/kuscia/proto/api/v1alpha1/common.js';
import type { AppImageError } from '../../domain/errors.js';
import { BAD_REQUEST_TYPE, emptyJson, JsonEncoder } from './json-encode.js';
import type { Encoding } from './method.js';
import { messageDescriptor } from './schema.js';

/** Most bytes that {@link writeFieldHeader} writes: two varints of 32 bits. */
export const MOST_FIELD_HEADER_BYTES = 10;

/** `{"status":{...success}` without its end, for a response to go on with its other fields. */
export const SUCCESS_JSON_START = '{"status":{"code":0,"message":"success","details":[]}';

/** The status of a success. */
export const SUCCESS_STATUS: Status = { code: 0, message: 'success', details: [] };

/** Field 1, `status`, of every response on success. */
export const SUCCESS_PROTOBUF: Uint8Array = statusField(Status.encode(SUCCESS_STATUS).finish());

/**
 * The whole response to a failed call.
 * @param response the method's response message, whose other fields are there with their defaults in JSON; `undefined` where the request
 * reached no method
 */
export function encodeFailure(error: AppImageError, encoding: Encoding, response?: DescMessage): Uint8Array {
  return encoding === 'json'
    ? Buffer.from(failureJson(error, response))
    : statusField(Status.encode(failureStatus(error)).finish());
}

function failureJson(error: AppImageError, response: DescMessage | undefined): string {
  const others = (response?.fields ?? [])
    .filter((field) => field.name !== 'status')
    .map((field) => `,${JSON.stringify(field.name)}:${emptyJson(field)}`);
  return `{"status":${statusJson.encode(failureStatus(error))}${others.join('')}}`;
}

const statusJson = new JsonEncoder<Status>(messageDescriptor('kuscia.proto.api.v1alpha1.Status'));

/** The status of something that failed, with every violation. */
export function failureStatus(error: AppImageError): Status {
  const details =
    error.violations.length === 0
      ? []
      : [
          {
            typeUrl: BAD_REQUEST_TYPE,
            value: Buffer.from(BadRequest.encode({ fieldViolations: [...error.violations] }).finish()),
          },
        ];
  return { code: error.code, message: error.message, details };
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
  const bytes = Buffer.allocUnsafe(MOST_FIELD_HEADER_BYTES);
  return bytes.subarray(0, writeFieldHeader(bytes, 0, fieldNumber, length));
}

/** Writes a {@link fieldHeader}, and returns where it ends. */
export function writeFieldHeader(target: Uint8Array, at: number, fieldNumber: number, length: number): number {
  return writeVarint(target, writeVarint(target, at, fieldNumber * 8 + 2), length);
}

function writeVarint(target: Uint8Array, at: number, value: number): number {
  let end = at;
  let rest = value;
  while (rest >= 0x80) {
    target[end++] = (rest % 0x80) + 0x80;
    rest = Math.floor(rest / 0x80);
  }
  target[end++] = rest;
  return end;
}
