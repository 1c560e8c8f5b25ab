import { fromBinary, fromJson, type JsonObject, toBinary, toJson } from '@bufbuild/protobuf';
import { credentials, Client as GrpcConnection, Metadata, type ServiceError } from '@grpc/grpc-js';
import { Agent, request } from 'undici';
import { registry, serviceDescriptor } from '../../src/transport/wire/schema.js';

/** What a client needs to get in. */
export interface ClientCredentials {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
}

export interface CallOptions {
  readonly ifMatch?: string;
  readonly token?: string;
}

/** A response, the same whichever way it came: the message in proto3 JSON with the names of the proto and every default. */
export interface ApiReply {
  readonly code: number;
  readonly message: string;
  /** Violations of a `google.rpc.BadRequest`, as `field: description`. */
  readonly violations: readonly string[];
  readonly data: JsonObject | undefined;
  /** The whole response. */
  readonly body: JsonObject;
  readonly etag: string | undefined;
}

/** A way to call the service, so that one case proves every transport and encoding. */
export interface ApiClient extends AsyncDisposable {
  readonly name: string;
  call(method: string, message: object, options?: CallOptions): Promise<ApiReply>;
}

const PATHS: Readonly<Record<string, string>> = {
  createAppImage: '/api/v1/appimage/create',
  updateAppImage: '/api/v1/appimage/update',
  deleteAppImage: '/api/v1/appimage/delete',
  queryAppImage: '/api/v1/appimage/query',
  batchQueryAppImage: '/api/v1/appimage/batchQuery',
  listAppImage: '/api/v1/appimage/list',
  healthZ: '/healthZ',
  apply: '/api/v1/appimage/apply',
  lint: '/api/v1/appimage/lint',
  render: '/api/v1/appimage/render',
  diff: '/api/v1/appimage/diff',
  listRevisions: '/api/v1/appimage/revisions/list',
  getRevision: '/api/v1/appimage/revisions/get',
  rollback: '/api/v1/appimage/revisions/rollback',
  setRevisionTag: '/api/v1/appimage/revisions/tag',
  deleteRevisionTag: '/api/v1/appimage/revisions/untag',
};

export function descriptorOf(method: string) {
  for (const service of ['AppImageService', 'HealthService', 'appimage.v1.AppImageRegistryService']) {
    const descriptor = serviceDescriptor(service).methods.find(({ localName }) => localName === method);
    if (descriptor !== undefined) {
      return descriptor;
    }
  }
  throw new Error(`no method ${method}`);
}

/** The JSON of the contract as plain proto3 JSON, in which fields that hold JSON are the text that they are in protobuf. */
function textOfEmbedded(message: JsonObject): JsonObject {
  const text = JSON.stringify(message, (key, value: unknown) =>
    ['affinity', 'security_context'].includes(key) && typeof value === 'object' ? JSON.stringify(value) : value,
  );
  return JSON.parse(text) as JsonObject;
}

/** A client of the HTTP gateway, in JSON or in protobuf. */
export function httpClient(
  origin: string,
  encoding: 'json' | 'protobuf',
  who: ClientCredentials,
  allowH2 = false,
): ApiClient {
  const agent = new Agent({
    connect: { ca: who.ca, cert: who.cert, key: who.key, ...(allowH2 ? {} : { ALPNProtocols: ['http/1.1'] }) },
    allowH2,
  });
  return {
    name: `HTTP${allowH2 ? '/2' : ''} ${encoding}`,
    call: async (method, message, { ifMatch, token = who.token } = {}) => {
      const { input, output } = descriptorOf(method);
      const body =
        encoding === 'json'
          ? JSON.stringify(message)
          : toBinary(input, fromJson(input, textOfEmbedded(message as JsonObject), { ignoreUnknownFields: true }));
      const response = await request(`${origin}${PATHS[method]}`, {
        dispatcher: agent,
        method: 'POST',
        headers: {
          'content-type': encoding === 'json' ? 'application/json' : 'application/x-protobuf',
          ...(token === undefined ? {} : { token }),
          ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
        },
        body,
      });
      const bytes = new Uint8Array(await response.body.arrayBuffer());
      const decoded =
        encoding === 'json'
          ? fromJson(output, textOfEmbedded(JSON.parse(Buffer.from(bytes).toString()) as JsonObject), { registry })
          : fromBinary(output, bytes);
      const etag = response.headers['etag'];
      return reply(
        toJson(output, decoded, { useProtoFieldName: true, alwaysEmitImplicit: true, registry }) as JsonObject,
        typeof etag === 'string' ? etag : undefined,
      );
    },
    [Symbol.asyncDispose]: () => agent.close(),
  };
}

/** A gRPC client. A call that ends with a gRPC status rejects with grpc-js's `ServiceError`. */
export function grpcClient(address: string, who: ClientCredentials): ApiClient {
  const connection = new GrpcConnection(
    address,
    credentials.createSsl(
      Buffer.from(who.ca),
      who.key === undefined ? null : Buffer.from(who.key),
      who.cert === undefined ? null : Buffer.from(who.cert),
    ),
    { 'grpc.max_receive_message_length': -1 },
  );
  return {
    name: 'gRPC',
    call: (method, message, { ifMatch, token = who.token } = {}) =>
      new Promise((resolve, reject) => {
        const { input, output, parent, name } = descriptorOf(method);
        const metadata = new Metadata();
        if (token !== undefined) {
          metadata.set('token', token);
        }
        if (ifMatch !== undefined) {
          metadata.set('if-match', ifMatch);
        }
        let etag: string | undefined;
        const call = connection.makeUnaryRequest(
          `/${parent.typeName}/${name}`,
          (value: Uint8Array) => Buffer.from(value),
          (value: Buffer) => value,
          toBinary(input, fromJson(input, textOfEmbedded(message as JsonObject), { ignoreUnknownFields: true })),
          metadata,
          { deadline: Date.now() + 20_000 },
          (error: ServiceError | null, value?: Buffer) => {
            if (error !== null || value === undefined) {
              reject(error ?? new Error('no response'));
              return;
            }
            const json = toJson(output, fromBinary(output, value), {
              useProtoFieldName: true,
              alwaysEmitImplicit: true,
              registry,
            });
            resolve(reply(json as JsonObject, etag));
          },
        );
        call.on('metadata', (initial) => {
          etag = initial.get('etag')[0]?.toString();
        });
      }),
    [Symbol.asyncDispose]: async () => connection.close(),
  };
}

interface StatusJson {
  readonly code: number;
  readonly message: string;
  readonly details: readonly {
    readonly field_violations: readonly { readonly field: string; readonly description: string }[];
  }[];
}

function reply(json: JsonObject, etag: string | undefined): ApiReply {
  const { code, message, details } = json['status'] as unknown as StatusJson;
  return {
    code,
    message,
    violations: details.flatMap((detail) =>
      detail.field_violations.map(({ field, description }) => `${field}: ${description}`),
    ),
    data: json['data'] as JsonObject | undefined,
    body: json,
    etag,
  };
}
