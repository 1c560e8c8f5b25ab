import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { ReflectionService } from '@grpc/reflection';
import { service as healthService } from 'grpc-health-check';

/**
 * Server reflection, v1 and v1alpha, of the given files and of `grpc.health.v1`. It asks for no token: the contract is public.
 * @param files the contract, imports included
 */
export function createReflectionService(files: readonly FileDescriptorProto[]): ReflectionService {
  const fileDescriptorProtos = [...files, ...healthFiles()].map((file) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, file)),
  );
  // The package wants what @grpc/proto-loader makes of .proto files, but looks at nothing of it except the descriptors.
  const definition = { contract: { fileDescriptorProtos } };
  return new ReflectionService(definition as unknown as ConstructorParameters<typeof ReflectionService>[0]);
}

/** All methods of a service made by @grpc/proto-loader carry the same files. */
function healthFiles(): FileDescriptorProto[] {
  const files = healthService['Check']?.requestType.fileDescriptorProtos ?? [];
  return files.map((bytes) => withMapEntryNames(fromBinary(FileDescriptorProtoSchema, bytes)));
}

/**
 * protobufjs names the entry message of a map field `statuses` `Statuses`; protoc's name is `StatusesEntry`, and clients in Go refuse a
 * file that has another one (toDescriptor in protobufjs 7.6, ext/descriptor/index.js).
 */
function withMapEntryNames(file: FileDescriptorProto): FileDescriptorProto {
  for (const message of file.messageType) {
    for (const entry of message.nestedType.filter(({ options }) => options?.mapEntry === true)) {
      const protocName = `${entry.name}Entry`;
      for (const field of message.field.filter(({ typeName }) => typeName === entry.name)) {
        field.typeName = protocName;
      }
      entry.name = protocName;
    }
  }
  return file;
}
