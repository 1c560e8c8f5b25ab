import {
  type DescEnum,
  type DescExtension,
  type DescFile,
  type DescMessage,
  type DescService,
  type FileRegistry,
  toBinary,
} from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { type ServerDuplexStream, status } from '@grpc/grpc-js';
import {
  type ExtensionRequest,
  ServerReflectionRequest,
  ServerReflectionResponse,
} from '../../../gen/grpc/reflection/v1/reflection.js';
import { quoteValue } from '../../domain/errors.js';
import { asBuffer } from '../wire/as-buffer.js';
import { methodDefinition } from './method-definition.js';

/** Tools of before 2023 know the second one, which has the same messages. */
const VERSIONS = ['v1', 'v1alpha'] as const;

/** What answers a request, besides its echo. */
type Answer = Pick<
  ServerReflectionResponse,
  'fileDescriptorResponse' | 'allExtensionNumbersResponse' | 'listServicesResponse' | 'errorResponse'
>;

type ReflectionCall = ServerDuplexStream<ServerReflectionRequest, ServerReflectionResponse>;

/**
 * Server reflection (`grpc.reflection`), so that grpcurl and the like need no proto files. It asks for no token: the contract is public.
 * Nothing is made ready before somebody asks, since hardly anybody does.
 */
export class ReflectionService {
  /** What grpc-js needs to know of the service, in each of its versions. */
  readonly definitions = VERSIONS.map((version) => ({
    ServerReflectionInfo: methodDefinition(
      `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      ServerReflectionRequest,
      ServerReflectionResponse,
      { request: true, response: true },
    ),
  }));

  /** The handlers, by the names in {@link definitions}. */
  readonly handlers = {
    ServerReflectionInfo: (call: ReflectionCall): void => {
      call.on('data', (request: ServerReflectionRequest) => {
        // A client that asks and does not read must not fill the memory with files.
        if (!call.write(this.#respond(request))) {
          call.pause();
          call.once('drain', () => call.resume());
        }
      });
      call.on('end', () => call.end());
    },
  };

  readonly #registry: FileRegistry;
  readonly #services: readonly string[];
  readonly #encoded = new Map<DescFile, Buffer>();
  #bySymbol: ReadonlyMap<string, DescFile> | undefined;

  /**
   * @param registry the contract, imports included
   * @param services full names of the services that are listed
   */
  constructor(registry: FileRegistry, services: readonly string[]) {
    this.#registry = registry;
    this.#services = services;
  }

  #respond(request: ServerReflectionRequest): ServerReflectionResponse {
    return { validHost: request.host, originalRequest: request, ...this.#answer(request) };
  }

  #answer(request: ServerReflectionRequest): Answer {
    const { fileByFilename, fileContainingSymbol, fileContainingExtension, allExtensionNumbersOfType } = request;
    if (fileByFilename !== undefined) {
      return this.#files(this.#registry.getFile(fileByFilename), `file ${quoteValue(fileByFilename)}`);
    }
    if (fileContainingSymbol !== undefined) {
      this.#bySymbol ??= filesBySymbol(this.#registry);
      return this.#files(this.#bySymbol.get(fileContainingSymbol), `symbol ${quoteValue(fileContainingSymbol)}`);
    }
    if (fileContainingExtension !== undefined) {
      const { containingType, extensionNumber } = fileContainingExtension;
      const what = `extension ${extensionNumber} of ${quoteValue(containingType)}`;
      return this.#files(this.#extension(fileContainingExtension), what);
    }
    if (allExtensionNumbersOfType !== undefined) {
      return this.#extensionNumbers(allExtensionNumbersOfType);
    }
    if (request.listServices !== undefined) {
      return { listServicesResponse: { service: this.#services.map((name) => ({ name })) } };
    }
    const errorMessage = 'the request asks for nothing; set one of its fields besides host';
    return { errorResponse: { errorCode: status.INVALID_ARGUMENT, errorMessage } };
  }

  #extension({ containingType, extensionNumber }: ExtensionRequest): DescFile | undefined {
    const message = this.#registry.getMessage(containingType);
    return message === undefined ? undefined : this.#registry.getExtensionFor(message, extensionNumber)?.file;
  }

  #extensionNumbers(baseTypeName: string): Answer {
    if (this.#registry.getMessage(baseTypeName) === undefined) {
      return notFound(`message ${quoteValue(baseTypeName)}`);
    }
    const extensionNumber = [...this.#registry].flatMap((type) =>
      type.kind === 'extension' && type.extendee.typeName === baseTypeName ? [type.number] : [],
    );
    return { allExtensionNumbersResponse: { baseTypeName, extensionNumber } };
  }

  #files(file: DescFile | undefined, what: string): Answer {
    return file === undefined
      ? notFound(what)
      : { fileDescriptorResponse: { fileDescriptorProto: [...withImports(file)].map((one) => this.#encode(one)) } };
  }

  #encode(file: DescFile): Buffer {
    const encoded = this.#encoded.get(file) ?? asBuffer(toBinary(FileDescriptorProtoSchema, file.proto));
    this.#encoded.set(file, encoded);
    return encoded;
  }
}

function notFound(what: string): Answer {
  return { errorResponse: { errorCode: status.NOT_FOUND, errorMessage: `the contract has no ${what}` } };
}

/** A file, and then all that it imports. */
function withImports(file: DescFile, found = new Set<DescFile>()): ReadonlySet<DescFile> {
  found.add(file);
  for (const imported of file.dependencies) {
    if (!found.has(imported)) {
      withImports(imported, found);
    }
  }
  return found;
}

/** The files by the full names of all that is declared in them. */
function filesBySymbol(registry: FileRegistry): ReadonlyMap<string, DescFile> {
  const files = new Map<string, DescFile>();
  for (const file of registry.files) {
    for (const type of nestedTypes(file)) {
      files.set(type.typeName, file);
      for (const member of membersOf(type)) {
        files.set(member, file);
      }
    }
  }
  return files;
}

function membersOf(type: DescMessage | DescEnum | DescExtension | DescService): string[] {
  switch (type.kind) {
    case 'service':
      return type.methods.map(({ name }) => `${type.typeName}.${name}`);
    case 'message':
      return [...type.fields, ...type.oneofs].map(({ name }) => `${type.typeName}.${name}`);
    case 'enum': {
      // The values of an enum are named beside it, not within it.
      const scope = type.typeName.slice(0, -type.name.length);
      return type.values.map(({ name }) => scope + name);
    }
    default:
      return [];
  }
}
