import type { DescMethod } from '@bufbuild/protobuf';
import type { RequestHeader } from '../../../gen/kuscia/proto/api/v1alpha1/common.js';
import type { IfMatch } from '../../domain/app-image/if-match.js';
import { parseIfMatch } from './entity-tag.js';
import { JsonDecoder } from './json-decode.js';
import { type CallContext, type Encoding, type Method, type MethodResult, NO_WARNINGS } from './method.js';
import { decodeProtobuf, type ProtobufDecoder } from './protobuf-decode.js';

/** A decoded request and what came along with it. */
export interface DecodedCall<Request> {
  readonly request: Request;
  readonly encoding: Encoding;
  readonly ifMatch: IfMatch;
  /** Who is calling, and why; see `CallContext`. */
  readonly context: CallContext;
  /** Whether JSON held this top-level field; `undefined` for protobuf, which does not tell an empty field from an absent one. */
  readonly present: ReadonlySet<string> | undefined;
}

/** The fields that every request has. */
export interface AnyRequest {
  readonly header: RequestHeader | undefined;
  readonly name?: string;
}

/** What tells one method from another. */
export interface MethodDefinition<Request extends AnyRequest> extends Omit<Method, 'name' | 'invoke'> {
  /** Generated code of the request message, which must be the descriptor's input. */
  readonly codec: ProtobufDecoder<Request>;
  /** What the audit line of a mutation names; the request's `name` by default. */
  readonly subjectOf?: (request: Request) => string;
  readonly run: (call: DecodedCall<Request>) => RunResult | Promise<RunResult>;
}

type RunResult = Omit<MethodResult, 'warnings'>;

const NO_HEADERS: ReadonlyMap<string, string> = new Map();

/** Makes a method of its definition: decoding, presence, conditions and warnings are the same for all. */
export function defineMethod<Request extends AnyRequest>(definition: MethodDefinition<Request>): Method {
  const { codec, run, descriptor, subjectOf = nameOf, ...rest } = definition;
  const decoder = new JsonDecoder<Request>(descriptor.input);
  return {
    ...rest,
    descriptor,
    name: methodName(descriptor),
    invoke: ({ encoding, body, ifMatch, fieldValidation }, context) => {
      const decoded =
        encoding === 'json'
          ? decoder.decode(body, fieldValidation)
          : { message: decodeProtobuf(codec, descriptor.input, body), present: undefined, warnings: NO_WARNINGS };
      const request = decoded.message;
      if (rest.mutates) {
        context.onSubject({ appImage: subjectOf(request), customHeaders: request.header?.customHeaders ?? NO_HEADERS });
      }
      const { present, warnings } = decoded;
      const result = run({ request, encoding, context, ifMatch: parseIfMatch(ifMatch), present });
      if (warnings.length === 0) {
        return result;
      }
      return result instanceof Promise ? result.then((later) => ({ ...later, warnings })) : { ...result, warnings };
    },
  };
}

/** The name of a method in logs and metrics: as in the proto, with a capital. */
export function methodName(descriptor: DescMethod): string {
  return descriptor.name.charAt(0).toUpperCase() + descriptor.name.slice(1);
}

function nameOf(request: AnyRequest): string {
  return request.name ?? '';
}
