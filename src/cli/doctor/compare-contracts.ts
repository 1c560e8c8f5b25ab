import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { serviceDescriptor } from '../../transport/wire/schema.js';
import type { ProbeClient } from './probe-client.js';

const REFLECTION_PATH = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
const SERVICE = 'appimage.v1.AppImageRegistryService';

/** Field numbers of grpc/reflection/v1/reflection.proto. */
const FILE_CONTAINING_SYMBOL = 4;
const FILE_DESCRIPTOR_RESPONSE = 4;
const FILE_DESCRIPTOR_PROTO = 1;

/** How the contract of a server differs from the one that this command line was built with. */
export interface ContractDifference {
  /** Methods and fields that the server lacks, e.g. `Watch`, `ApplyRequest.message`. */
  readonly missing: readonly string[];
  /** Methods and fields that the server has, and this command line does not know. */
  readonly unknown: readonly string[];
}

/**
 * Asks the server's reflection for the contract that it serves.
 * @returns nothing where the server does not tell, which is no fault: reflection may be blocked on the way
 */
export async function compareContracts(client: Pick<ProbeClient, 'exchange'>): Promise<ContractDifference | undefined> {
  const request = new BinaryWriter().tag(FILE_CONTAINING_SYMBOL, WireType.LengthDelimited).string(SERVICE).finish();
  const response = await client.exchange(REFLECTION_PATH, Buffer.from(request));
  const files = response === undefined ? [] : readFiles(response);
  const theirs = files.find((file) => `${file.package}.` === SERVICE.slice(0, SERVICE.lastIndexOf('.') + 1));
  if (theirs === undefined) {
    return undefined;
  }
  const ours = partsOf(serviceDescriptor(SERVICE).file.proto);
  const served = partsOf(theirs);
  return {
    missing: [...ours].filter((part) => !served.has(part)),
    unknown: [...served].filter((part) => !ours.has(part)),
  };
}

function readFiles(response: Uint8Array): FileDescriptorProto[] {
  return bytesOf(response, FILE_DESCRIPTOR_RESPONSE)
    .flatMap((answer) => bytesOf(answer, FILE_DESCRIPTOR_PROTO))
    .map((file) => fromBinary(FileDescriptorProtoSchema, file));
}

/** All values of a field of bytes. */
function bytesOf(message: Uint8Array, field: number): Uint8Array[] {
  const reader = new BinaryReader(message);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === field && wireType === WireType.LengthDelimited) {
      found.push(reader.bytes());
    } else {
      reader.skip(wireType, number);
    }
  }
  return found;
}

function partsOf({ service, messageType }: FileDescriptorProto): Set<string> {
  return new Set([
    ...service.flatMap(({ method }) => method.map(({ name }) => name)),
    ...messageType.flatMap(({ name, field }) => field.map((one) => `${name}.${one.name}`)),
  ]);
}
