import { fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { ServerReflectionRequest, ServerReflectionResponse } from '../../../gen/grpc/reflection/v1/reflection.js';
import { serviceDescriptor } from '../../transport/wire/schema.js';
import type { ProbeClient } from './probe-client.js';

const REFLECTION_PATH = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
const SERVICE = 'appimage.v1.AppImageRegistryService';

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
  const request = ServerReflectionRequest.encode(
    ServerReflectionRequest.fromPartial({ fileContainingSymbol: SERVICE }),
  );
  const response = await client.exchange(REFLECTION_PATH, Buffer.from(request.finish()));
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
  const files = ServerReflectionResponse.decode(response).fileDescriptorResponse?.fileDescriptorProto ?? [];
  return files.map((file) => fromBinary(FileDescriptorProtoSchema, file));
}

function partsOf({ service, messageType }: FileDescriptorProto): Set<string> {
  return new Set([
    ...service.flatMap(({ method }) => method.map(({ name }) => name)),
    ...messageType.flatMap(({ name, field }) => field.map((one) => `${name}.${one.name}`)),
  ]);
}
