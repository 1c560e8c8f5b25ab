import { type CallOptions, type Client, Metadata, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import {
  CreateAppImageRequest,
  QueryAppImageRequest,
  QueryAppImageResponse,
} from '../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import { TOKENS } from './grpc-test-server.js';

const SERVICE = '/kuscia.proto.api.v1alpha1.kusciaapi.AppImageService';

/** What a unary call came to. */
export interface UnaryOutcome {
  readonly grpcStatus: number;
  readonly details: string;
  /** Code, message and name in the response; absent where the call failed. */
  readonly code: number | undefined;
  readonly message: string | undefined;
  readonly name: string | undefined;
  /** Initial metadata. */
  readonly header: (key: string) => string | undefined;
}

export interface UnaryOptions extends CallOptions {
  /** Entries of metadata; the viewer's token alone by default. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Sends bytes as they are to a method of AppImageService. */
export async function callRaw(
  client: Client,
  method: string,
  body: Uint8Array,
  options: UnaryOptions = {},
): Promise<UnaryOutcome> {
  const { metadata: entries = { token: TOKENS.viewer }, signal, ...callOptions } = options;
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(entries)) {
    metadata.set(key, value);
  }
  return await new Promise((resolve) => {
    let initial = new Metadata();
    let final: StatusObject | undefined;
    const finish = (error: ServiceError | null, response: Buffer | undefined): void => {
      // The callback comes before the status event.
      setImmediate(() => {
        const decoded = response === undefined ? undefined : QueryAppImageResponse.decode(response);
        resolve({
          grpcStatus: error?.code ?? final?.code ?? -1,
          details: error?.details ?? final?.details ?? '',
          code: decoded?.status?.code,
          message: decoded?.status?.message,
          name: decoded?.data?.name,
          header: (key) => initial.get(key)[0]?.toString(),
        });
      });
    };
    const call = client.makeUnaryRequest(
      `${SERVICE}/${method}`,
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes) => bytes,
      body,
      metadata,
      callOptions,
      finish,
    );
    call.on('metadata', (received) => {
      initial = received;
    });
    call.on('status', (received) => {
      final = received;
    });
    signal?.addEventListener('abort', () => call.cancel());
  });
}

/** Queries a template by name. */
export async function query(client: Client, name: string, options: UnaryOptions = {}): Promise<UnaryOutcome> {
  return await callRaw(
    client,
    'QueryAppImage',
    QueryAppImageRequest.encode({ header: undefined, name }).finish(),
    options,
  );
}

/** Creates a template of this name, by default as an editor. */
export async function create(client: Client, name: string, options: UnaryOptions = {}): Promise<UnaryOutcome> {
  const body = CreateAppImageRequest.encode(CreateAppImageRequest.fromPartial({ name })).finish();
  return await callRaw(client, 'CreateAppImage', body, { metadata: { token: TOKENS.editor }, ...options });
}
