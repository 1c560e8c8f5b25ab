import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServerReflectionRequest, ServerReflectionResponse } from '../../gen/grpc/reflection/v1/reflection.js';
import { ReflectionService } from '../../src/transport/grpc/reflection-service.js';
import { registry } from '../../src/transport/wire/schema.js';
import { startTestApp } from '../support/start-test-app.js';
import { type GrpcTestServer, startGrpcTestServer, TOKENS } from './grpc-test-server.js';

const PACKAGE = 'kuscia.proto.api.v1alpha1.kusciaapi';

/** Asks one question after another on one call. */
async function ask(
  client: Client,
  version: string,
  ...questions: Partial<ServerReflectionRequest>[]
): Promise<ServerReflectionResponse[]> {
  const call = client.makeBidiStreamRequest(
    `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    (request: ServerReflectionRequest) => Buffer.from(ServerReflectionRequest.encode(request).finish()),
    (bytes) => ServerReflectionResponse.decode(bytes),
    new Metadata(),
  );
  for (const question of questions) {
    call.write(ServerReflectionRequest.fromPartial({ host: 'here', ...question }));
  }
  call.end();
  const responses: ServerReflectionResponse[] = [];
  for await (const response of call as AsyncIterable<ServerReflectionResponse>) {
    responses.push(response);
  }
  return responses;
}

function filesOf({ fileDescriptorResponse }: ServerReflectionResponse): FileDescriptorProto[] {
  const files = fileDescriptorResponse?.fileDescriptorProto ?? [];
  return files.map((file) => fromBinary(FileDescriptorProtoSchema, file));
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

  it('lists the services that are served, without a token', async () => {
    const [response] = await ask(client, version, { listServices: '*' });
    expect(response?.listServicesResponse?.service.map(({ name }) => name)).toEqual([
      `${PACKAGE}.AppImageService`,
      'grpc.health.v1.Health',
    ]);
  });

  it.each([
    `${PACKAGE}.AppImageService`,
    `${PACKAGE}.AppImageService.BatchQueryAppImage`,
    `${PACKAGE}.CreateAppImageRequest`,
    `${PACKAGE}.CreateAppImageRequest.deploy_templates`,
  ])('gives the file of %s first, and all that it imports behind it', async (symbol) => {
    const [response] = await ask(client, version, { fileContainingSymbol: symbol });
    const [own, ...others] = filesOf(response ?? ServerReflectionResponse.fromPartial({}));
    expect(own?.name).toBe('kuscia/proto/api/v1alpha1/kusciaapi/appimage.proto');
    const names = others.map(({ name }) => name);
    expect(names).toContain('kuscia/proto/api/v1alpha1/common.proto');
    expect(new Set(names).size).toBe(names.length);
    for (const imported of [own, ...others].flatMap((file) => file?.dependency ?? [])) {
      expect(names).toContain(imported);
    }
  });

  it.each([
    ['an enum', 'grpc.health.v1.HealthCheckResponse.ServingStatus'],
    ['a value of an enum, beside which it is named', 'grpc.health.v1.HealthCheckResponse.NOT_SERVING'],
    ['a oneof', 'grpc.reflection.v1.ServerReflectionRequest.message_request'],
  ])('knows %s', async (_what, fileContainingSymbol) => {
    const [response] = await ask(client, version, { fileContainingSymbol });
    expect(response?.fileDescriptorResponse?.fileDescriptorProto).toHaveLength(1);
  });

  it('gives a file by its path, with its comments', async () => {
    const [response] = await ask(client, version, { fileByFilename: 'grpc/health/v1/health.proto' });
    const [file] = filesOf(response ?? ServerReflectionResponse.fromPartial({}));
    expect(file?.service.map(({ name }) => name)).toEqual(['Health']);
    expect(file?.sourceCodeInfo?.location.some(({ leadingComments }) => leadingComments.includes('NOT_FOUND'))).toBe(
      true,
    );
  });

  it('answers one request after another, each with its echo', async () => {
    const questions = [{ listServices: '' }, { fileContainingSymbol: 'no.such.Symbol' }, { listServices: 'again' }];
    const responses = await ask(client, version, ...questions);
    expect(responses.map(({ validHost }) => validHost)).toEqual(['here', 'here', 'here']);
    expect(responses.map(({ originalRequest }) => originalRequest)).toMatchObject(questions);
  });

  it.each([
    [{ fileContainingSymbol: 'no.such.Symbol' }, status.NOT_FOUND, 'the contract has no symbol "no.such.Symbol"'],
    [{ fileContainingSymbol: `${PACKAGE}.AppImageService.Nothing` }, status.NOT_FOUND, 'Nothing'],
    [{ fileByFilename: 'no.proto' }, status.NOT_FOUND, 'the contract has no file "no.proto"'],
    [{ fileByFilename: '__proto__' }, status.NOT_FOUND, '__proto__'],
    [{ fileContainingSymbol: 'x'.repeat(10_000) }, status.NOT_FOUND, 'xxx"... (10000 characters)'],
    [{ allExtensionNumbersOfType: 'no.Type' }, status.NOT_FOUND, 'the contract has no message "no.Type"'],
    [
      { fileContainingExtension: { containingType: `${PACKAGE}.AppImageInfo`, extensionNumber: 100 } },
      status.NOT_FOUND,
      'the contract has no extension 100 of',
    ],
    [{}, status.INVALID_ARGUMENT, 'the request asks for nothing'],
  ])('says what is wrong with %j', async (question, errorCode, message) => {
    const [response] = await ask(client, version, question);
    expect(response?.errorResponse).toEqual({ errorCode, errorMessage: expect.stringContaining(message) });
  });

  it('tells of a message that nothing extends it', async () => {
    const [response] = await ask(client, version, { allExtensionNumbersOfType: `${PACKAGE}.AppImageInfo` });
    expect(response?.allExtensionNumbersResponse).toEqual({
      baseTypeName: `${PACKAGE}.AppImageInfo`,
      extensionNumber: [],
    });
  });
});

/** Field numbers of `ServerReflectionRequest` and `ServerReflectionResponse`. */
const FILE_CONTAINING_SYMBOL = 4;
const LIST_SERVICES = 7;
const FILE_DESCRIPTOR_RESPONSE = 4;
const LIST_SERVICES_RESPONSE = 6;

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

describe.each(['v1', 'v1alpha'])('server reflection %s of the whole service, byte by byte', (version) => {
  /** The entries of the one message field that an answer has besides the echo of the request. */
  async function askBytes(client: Client, field: number, value: string, answerField: number): Promise<Uint8Array[]> {
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

  it('lists every service without a token, and gives its file', async () => {
    await using app = await startTestApp();
    const { ca, key, cert } = app.credentials;
    const [caBytes, keyBytes, certBytes] = [ca, key ?? '', cert ?? ''].map((pem) => Buffer.from(pem));
    const client = new Client(app.grpcAddress, credentials.createSsl(caBytes, keyBytes, certBytes));
    try {
      const services = await askBytes(client, LIST_SERVICES, '*', LIST_SERVICES_RESPONSE);
      const names = services.flatMap((service) => entries(service, 1)).map((name) => Buffer.from(name).toString());
      expect(names.toSorted()).toEqual([
        'appimage.v1.AppImageRegistryService',
        'grpc.health.v1.Health',
        `${PACKAGE}.AppImageService`,
        `${PACKAGE}.HealthService`,
      ]);
      for (const name of names) {
        const files = await askBytes(client, FILE_CONTAINING_SYMBOL, name, FILE_DESCRIPTOR_RESPONSE);
        const descriptors = files.map((file) => fromBinary(FileDescriptorProtoSchema, file));
        const served = descriptors.flatMap((file) => file.service.map((one) => `${file.package}.${one.name}`));
        expect(served).toContain(name);
      }
    } finally {
      client.close();
    }
  });
});

describe('a client that asks and does not read', () => {
  it('is not answered beyond what a stream holds back', async () => {
    const written: unknown[] = [];
    const releases: (() => void)[] = [];
    const call = new Duplex({
      objectMode: true,
      highWaterMark: 4,
      read: () => undefined,
      write: (response, _encoding, done) => {
        written.push(response);
        releases.push(done);
      },
    });
    // Of a call, the handler uses what every duplex stream has.
    new ReflectionService(registry, []).handlers.ServerReflectionInfo(call as never);
    for (let count = 0; count < 100; count += 1) {
      call.push(ServerReflectionRequest.fromPartial({ listServices: String(count) }));
    }
    await sleep(0);
    expect(written.length + call.writableLength).toBeLessThan(10);
    for (let released = 0; released < 100; released += 1) {
      releases[released]?.();
      await sleep(0);
    }
    expect(written).toHaveLength(100);
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
