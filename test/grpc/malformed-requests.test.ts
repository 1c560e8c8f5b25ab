import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CreateAppImageRequest } from '../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import { callRaw, query } from './grpc-call.js';
import { type GrpcTestServer, startGrpcTestServer, TOKENS } from './grpc-test-server.js';

const IMAGE_FIELD = 3;

const REFUSED = { grpcStatus: status.INVALID_ARGUMENT, code: undefined };
const SERVED = { grpcStatus: status.OK, code: 0 };

const request = CreateAppImageRequest.encode(
  CreateAppImageRequest.fromPartial({
    name: 'app',
    image: { name: 'app', tag: 'v1' },
    configTemplates: new Map([['app.conf', '{{.TASK_ID}}']]),
  }),
).finish();

describe('a request that is no protobuf message', () => {
  let server: GrpcTestServer;
  let client: ReturnType<GrpcTestServer['client']>;
  beforeAll(async () => {
    server = await startGrpcTestServer();
    client = server.client();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  const send = (body: Uint8Array) => callRaw(client, 'CreateAppImage', body, { metadata: { token: TOKENS.editor } });

  it.each([
    ['cut off within a field', request.subarray(0, -1)],
    ['cut off within a length', Buffer.from([0x12, 0x80])],
    ['longer by its length than it is', Buffer.from([0x12, 0x7f, 0x61])],
    ['a varint that never ends', Buffer.alloc(64, 0xff)],
    ['text that is not UTF-8', Buffer.from([0x12, 0x02, 0xc3, 0x28])],
    ['a key that is not UTF-8', Buffer.from([0x22, 0x04, 0x0a, 0x02, 0xc3, 0x28])],
    [
      'a message field cut off inside',
      new BinaryWriter()
        .tag(IMAGE_FIELD, WireType.LengthDelimited)
        .bytes(Buffer.from([0x0a, 0x05]))
        .finish(),
    ],
    ['a field that goes on beyond the message it is in', Buffer.from([0x1a, 2, 0x0a, 5, 0x12, 3, 0x61, 0x62, 0x63])],
    ['a number that goes on beyond the message it is in', Buffer.from([0x1a, 2, 0x28, 0x80, 0x01, 0x12, 1, 0x61])],
    ['a group that ends beyond the message it is in', Buffer.from([0x1a, 1, 0x3b, 0x3c])],
    ['a wire type that does not exist', Buffer.from([0x17])],
    ['a group that is not closed', Buffer.from([0x9b, 0x06])],
    ['groups a thousand deep', Buffer.alloc(2000, Buffer.from([0x9b, 0x06]))],
    ['JSON', Buffer.from('{"name":"app"}')],
  ])('is refused with INVALID_ARGUMENT: %s', async (_what, body) => {
    const outcome = await send(body);
    expect(outcome).toMatchObject({ grpcStatus: status.INVALID_ARGUMENT });
    expect(outcome.details).toMatch(/protobuf/);
  });

  it('is never taken for a fault of the service, whatever the bytes are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (body) => {
        const { grpcStatus, code } = await send(body);
        expect([REFUSED, SERVED]).toContainEqual({ grpcStatus, code });
      }),
      { numRuns: 300 },
    );
  });

  it('is never taken for a fault of the service where a valid request was damaged', async () => {
    const damage = fc.array(fc.tuple(fc.nat(request.length - 1), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const body = Buffer.from(request);
        for (const [index, byte] of changes) {
          body[index] = byte;
        }
        const { grpcStatus, code } = await send(body);
        expect([REFUSED, SERVED]).toContainEqual({ grpcStatus, code });
      }),
      { numRuns: 300 },
    );
  });

  it('leaves the server as it was', async () => {
    expect(await query(client, 'app')).toMatchObject({ grpcStatus: status.OK, code: 0 });
  });
});
