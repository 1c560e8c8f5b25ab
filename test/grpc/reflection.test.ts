import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { type Client, Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GrpcTestServer, startGrpcTestServer, TOKENS } from './grpc-test-server.js';

const PACKAGE = 'kuscia.proto.api.v1alpha1.kusciaapi';

/** Field numbers of `ServerReflectionRequest` and `ServerReflectionResponse`. */
const FILE_CONTAINING_SYMBOL = 4;
const LIST_SERVICES = 7;
const FILE_DESCRIPTOR_RESPONSE = 4;
const LIST_SERVICES_RESPONSE = 6;

/** The one message field that the answer to one reflection request has besides the echo of the request, split into its entries. */
async function ask(
  client: Client,
  version: string,
  field: number,
  value: string,
  answerField: number,
): Promise<Uint8Array[]> {
  const call = client.makeBidiStreamRequest(
    `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    (bytes: Uint8Array) => Buffer.from(bytes),
    (bytes) => bytes,
    new Metadata(),
  );
  call.end(new BinaryWriter().tag(field, WireType.LengthDelimited).string(value).finish());
  for await (const response of call as AsyncIterable<Uint8Array>) {
    const [answer] = entries(response, answerField);
    return answer === undefined ? [] : entries(answer, 1);
  }
  return [];
}

/** The values of a length-delimited field. */
function entries(message: Uint8Array, field: number): Uint8Array[] {
  const reader = new BinaryReader(message);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === field && wireType === WireType.LengthDelimited) {
      found.push(reader.bytes());
    } else {
      reader.skip(wireType);
    }
  }
  return found;
}

describe.each(['v1', 'v1alpha'])('server reflection %s', (version) => {
  let server: GrpcTestServer;
  let client: Client;
  beforeAll(async () => {
    server = await startGrpcTestServer();
    client = server.client();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  it('lists the services without a token', async () => {
    const services = await ask(client, version, LIST_SERVICES, '*', LIST_SERVICES_RESPONSE);
    const names = services.flatMap((service) => entries(service, 1)).map((name) => Buffer.from(name).toString());
    expect(names.sort()).toEqual([
      'appimage.v1.AppImageRegistryService',
      'grpc.health.v1.Health',
      `${PACKAGE}.AppImageService`,
      `${PACKAGE}.HealthService`,
    ]);
  });

  it('gives the file of a service with everything that it imports', async () => {
    const symbol = `${PACKAGE}.AppImageService`;
    const files = await ask(client, version, FILE_CONTAINING_SYMBOL, symbol, FILE_DESCRIPTOR_RESPONSE);
    const byName = new Map<string, FileDescriptorProto>();
    for (const file of files) {
      const descriptor = fromBinary(FileDescriptorProtoSchema, file);
      byName.set(descriptor.name, descriptor);
    }
    const [own] = [...byName.values()].filter(({ service }) => service.length > 0);
    expect(own?.service[0]?.method.map(({ name }) => name)).toContain('BatchQueryAppImage');
    for (const imported of [...byName.values()].flatMap(({ dependency }) => dependency)) {
      expect([...byName.keys()]).toContain(imported);
    }
  });
});

const hasGrpcurl = spawnSync('grpcurl', ['-version']).status === 0;

describe('grpcurl', () => {
  /** Runs it over mutual TLS; its arguments go before the address. */
  async function grpcurl(
    { target, certsDir }: GrpcTestServer,
    options: string[],
    ...command: string[]
  ): Promise<string> {
    const tls = ['-cacert', 'ca.crt', '-cert', 'client.crt', '-key', 'client.key'];
    const files = tls.map((part) => (part.startsWith('-') ? part : join(certsDir, part)));
    const child = spawn('grpcurl', [...files, ...options, target, ...command]);
    let output = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    child.stderr.on('data', (chunk) => (output += String(chunk)));
    await new Promise((resolve) => child.once('close', resolve));
    return output;
  }

  it.skipIf(!hasGrpcurl)(
    `lists, describes and calls methods by reflection${hasGrpcurl ? '' : ' (skipped: no grpcurl on the PATH)'}`,
    async () => {
      await using server = await startGrpcTestServer();
      expect(await grpcurl(server, [], 'list')).toContain(`${PACKAGE}.AppImageService`);
      expect(await grpcurl(server, [], 'describe', `${PACKAGE}.AppImageService`)).toContain('rpc QueryAppImage');
      const call = ['-H', `token: ${TOKENS.viewer}`, '-d', '{"name":"app"}'];
      const reply = JSON.parse(await grpcurl(server, call, `${PACKAGE}.AppImageService/QueryAppImage`)) as unknown;
      expect(reply).toMatchObject({ status: { message: 'success' }, data: { name: 'app' } });
      expect(await grpcurl(server, [], 'grpc.health.v1.Health/Check')).toContain('SERVING');
    },
  );
});
