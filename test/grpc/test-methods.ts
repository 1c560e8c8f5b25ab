import type { DescMethod } from '@bufbuild/protobuf';
import {
  CreateAppImageRequest,
  QueryAppImageRequest,
  QueryAppImageResponse,
} from '../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import { AppImageError } from '../../src/domain/errors.js';
import { encodeDone } from '../../src/transport/wire/app-image-response.js';
import type { Method, MethodResult, WireRequest } from '../../src/transport/wire/method.js';
import { decodeProtobuf } from '../../src/transport/wire/protobuf-decode.js';
import { serviceDescriptor } from '../../src/transport/wire/schema.js';

/**
 * Methods of the real contract with the real codec, whose outcome the test chooses by the name that it asks for: what is tested
 * here is the transport, and the same cases run against real stores in `test/wire`.
 */
export class TestMethods {
  /** Requests as they reached a method. */
  readonly seen: WireRequest[] = [];
  readonly #waiting = new Set<() => void>();

  readonly methods: readonly Method[] = [
    {
      name: 'QueryAppImage',
      descriptor: descriptor('queryAppImage'),
      httpPaths: [],
      role: 'viewer',
      mutates: false,
      invoke: async (request) => {
        this.seen.push(request);
        return await this.#query(
          decodeProtobuf(QueryAppImageRequest, descriptor('queryAppImage').input, request.body).name,
        );
      },
    },
    {
      name: 'CreateAppImage',
      descriptor: descriptor('createAppImage'),
      httpPaths: [],
      role: 'editor',
      mutates: true,
      invoke: async (request, context) => {
        this.seen.push(request);
        const { name } = decodeProtobuf(CreateAppImageRequest, descriptor('createAppImage').input, request.body);
        context.onSubject({ appImage: name, customHeaders: new Map() });
        return { body: encodeDone('protobuf'), etag: '"1"', warnings: [] };
      },
    },
  ];

  /** Calls of the template `slow` that have not been answered. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Answers them. */
  release(): void {
    for (const resume of this.#waiting) {
      resume();
    }
  }

  async #query(name: string): Promise<MethodResult> {
    switch (name) {
      case 'missing':
        throw new AppImageError('APP_IMAGE_NOT_FOUND', 'AppImage "missing" does not exist');
      case 'bug':
        throw new TypeError('secret of the inside');
      case 'too-large':
        throw new AppImageError('BODY_TOO_LARGE', 'the body is too large');
      case 'odd-words':
        throw new AppImageError('REQUEST_MALFORMED', `lone \ud800 surrogate, 100 %, ${'长'.repeat(5000)}`);
      case 'slow':
        await new Promise<void>((resolve) => {
          const resume = (): void => {
            this.#waiting.delete(resume);
            resolve();
          };
          this.#waiting.add(resume);
        });
    }
    const image = { name: 'app', tag: '', id: '', sign: name === 'large' ? 'x'.repeat(3_000_000) : '' };
    const status = { code: 0, message: 'success', details: [] };
    const response = QueryAppImageResponse.fromPartial({ status, data: { name, image } });
    return { body: QueryAppImageResponse.encode(response).finish(), etag: '"7"', warnings: [] };
  }
}

function descriptor(localName: string): DescMethod {
  const found = serviceDescriptor('AppImageService').methods.find((method) => method.localName === localName);
  if (found === undefined) {
    throw new Error(`the contract has no method ${localName}`);
  }
  return found;
}
