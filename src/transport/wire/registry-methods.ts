import type { DescMethod } from '@bufbuild/protobuf';
import {
  ApplyRequest,
  ApplyResponse,
  DeleteRevisionTagRequest,
  DeleteRevisionTagResponse,
  DiffRequest,
  DiffResponse,
  GetRevisionRequest,
  GetRevisionResponse,
  LintRequest,
  LintResponse,
  ListRevisionsRequest,
  ListRevisionsResponse,
  RenderRequest,
  RenderResponse,
  RollbackRequest,
  RollbackResponse,
  SetRevisionTagRequest,
  SetRevisionTagResponse,
} from '../../../gen/appimage/v1/registry.js';
import { invalidRequest } from '../../domain/errors.js';
import type { ApplyService } from '../../service/apply-service.js';
import type { InspectionService, Subject } from '../../service/inspection-service.js';
import type { RevisionRef, RevisionService } from '../../service/revision-service.js';
import { type AnyRequest, type DecodedCall, defineMethod, type MethodDefinition } from './define-method.js';
import { entityTag } from './entity-tag.js';
import { failureStatus, SUCCESS_STATUS } from './envelope.js';
import { JsonEncoder } from './json-encode.js';
import type { Encoding, Method } from './method.js';
import {
  applyResultMessage,
  diffMessage,
  findingMessage,
  renderedFileMessage,
  revisionMessage,
} from './registry-messages.js';
import { serviceDescriptor } from './schema.js';

const PREFIX = '/api/v1/appimage';

/** Characters that say why a change was made, at most. */
const MAX_MESSAGE_LENGTH = 1024;

/** What the methods of the registry need. */
export interface RegistryServices {
  readonly apply: ApplyService;
  readonly revisions: RevisionService;
  readonly inspection: InspectionService;
}

/** The unary methods of `appimage.v1.AppImageRegistryService`. */
export function registryMethods({ apply, revisions, inspection }: RegistryServices): readonly Method[] {
  return [
    define('apply', 'apply', 'editor', ApplyRequest, ApplyResponse, {
      mutates: true,
      subjectOf: ({ appImages }) => appImages.map(({ appImage }) => appImage?.name ?? '').join(','),
      run: async ({ request, context }) => {
        const declarations = request.appImages.map(({ appImage, ifRevision }, index) => {
          if (appImage === undefined) {
            throw invalidRequest([{ field: `app_images[${index}].app_image`, description: 'no template is given' }]);
          }
          return { appImage, ifRevision: optionalRevision(ifRevision, `app_images[${index}].if_revision`) };
        });
        const results = await apply.apply(declarations, request, context.origin(readMessage(request.message)));
        const failed = results.find(({ error }) => error !== undefined)?.error;
        return {
          status: failed === undefined ? SUCCESS_STATUS : failureStatus(failed),
          results: results.map(applyResultMessage),
        };
      },
    }),
    define('lint', 'lint', 'viewer', LintRequest, LintResponse, {
      run: async ({ request }) => ({
        status: SUCCESS_STATUS,
        findings: (await inspection.lint(subjectOf(request))).map(findingMessage),
      }),
    }),
    define('render', 'render', 'viewer', RenderRequest, RenderResponse, {
      run: async ({ request }) => ({
        status: SUCCESS_STATUS,
        files: (await inspection.render(subjectOf(request), request)).map(renderedFileMessage),
      }),
    }),
    define('diff', 'diff', 'viewer', DiffRequest, DiffResponse, {
      run: async ({ request }) => {
        const from = revisionRef(request.fromRevision, request.fromTag, 'from_');
        const to = revisionRef(request.toRevision, request.toTag, 'to_');
        const { diff, fromRevision, toRevision } = await inspection.diff(request.name, from, to, request.appImage);
        return {
          status: SUCCESS_STATUS,
          diff: diffMessage(diff),
          fromRevision: BigInt(fromRevision),
          toRevision: BigInt(toRevision),
        };
      },
    }),
    define('listRevisions', 'revisions/list', 'viewer', ListRevisionsRequest, ListRevisionsResponse, {
      run: async ({ request }) => {
        const page = await revisions.list(request.name, request.pageSize, request.pageToken);
        return {
          status: SUCCESS_STATUS,
          revisions: page.revisions.map((revision) => revisionMessage(revision, { withContent: false })),
          nextPageToken: page.nextPageToken,
        };
      },
    }),
    define('getRevision', 'revisions/get', 'viewer', GetRevisionRequest, GetRevisionResponse, {
      run: async ({ request }) => {
        const revision = await revisions.resolve(request.name, revisionRef(request.revision, request.tag));
        return { status: SUCCESS_STATUS, revision: revisionMessage(revision, { withContent: true }) };
      },
      etagOf: ({ revision }) => revision?.revision,
    }),
    define('rollback', 'revisions/rollback', 'editor', RollbackRequest, RollbackResponse, {
      mutates: true,
      run: async ({ request, context }) => {
        const to = revisionRef(request.revision, request.tag);
        const ifRevision = optionalRevision(request.ifRevision, 'if_revision');
        const revision = await revisions.rollback(
          request.name,
          to,
          ifRevision,
          context.origin(readMessage(request.message)),
        );
        return { status: SUCCESS_STATUS, revision: revisionMessage(revision, { withContent: false }) };
      },
      etagOf: ({ revision }) => revision?.revision,
    }),
    define('setRevisionTag', 'revisions/tag', 'editor', SetRevisionTagRequest, SetRevisionTagResponse, {
      mutates: true,
      run: async ({ request }) => {
        const revision = readRevision(request.revision, 'revision');
        const ifRevision = optionalRevision(request.ifRevision, 'if_revision');
        const tagged = await revisions.setTag(request.name, request.tag, revision, ifRevision);
        return { status: SUCCESS_STATUS, revision: BigInt(tagged) };
      },
    }),
    define('deleteRevisionTag', 'revisions/untag', 'editor', DeleteRevisionTagRequest, DeleteRevisionTagResponse, {
      mutates: true,
      run: async ({ request }) => {
        await revisions.deleteTag(request.name, request.tag, optionalRevision(request.ifRevision, 'if_revision'));
        return { status: SUCCESS_STATUS };
      },
    }),
  ];
}

/** Names of the unary methods, as in logs and metrics. */
export const REGISTRY_METHOD_NAMES: readonly string[] = serviceDescriptor('appimage.v1.AppImageRegistryService')
  .methods.filter(({ methodKind }) => methodKind === 'unary')
  .map(({ name }) => name);

/** Generated code of a response. */
interface ResponseCodec<Response> {
  encode(message: Response): { finish(): Uint8Array };
}

interface RegistryMethod<Request extends AnyRequest, Response> {
  readonly mutates?: boolean;
  /** What the audit line names; the request's `name` by default. */
  readonly subjectOf?: (request: Request) => string;
  readonly run: (call: DecodedCall<Request>) => Promise<Response>;
  /** The revision whose entity tag the response bears. */
  readonly etagOf?: (response: Response) => bigint | undefined;
}

function define<Request extends AnyRequest, Response extends object>(
  name: string,
  path: string,
  role: Method['role'],
  codec: MethodDefinition<Request>['codec'],
  responseCodec: ResponseCodec<Response>,
  { mutates = false, subjectOf: subject, run, etagOf }: RegistryMethod<Request, Response>,
): Method {
  const descriptor = methodDescriptor(name);
  const json = new JsonEncoder<Response>(descriptor.output);
  const encode = (response: Response, encoding: Encoding): Uint8Array =>
    encoding === 'json' ? json.encodeBytes(response) : responseCodec.encode(response).finish();
  return defineMethod<Request>({
    descriptor,
    httpPaths: [`${PREFIX}/${path}`],
    role,
    mutates,
    codec,
    ...(subject === undefined ? {} : { subjectOf: subject }),
    run: async (call) => {
      const response = await run(call);
      const revision = etagOf?.(response);
      return {
        body: encode(response, call.encoding),
        ...(revision === undefined ? {} : { etag: entityTag(Number(revision)) }),
      };
    },
  });
}

function methodDescriptor(localName: string): DescMethod {
  const descriptor = serviceDescriptor('appimage.v1.AppImageRegistryService').methods.find(
    (method) => method.localName === localName,
  );
  if (descriptor === undefined) {
    throw new Error(`the contract has no method ${localName}`);
  }
  return descriptor;
}

function subjectOf({ name, revision, tag, appImage }: LintRequest | RenderRequest): Subject {
  return { name, ref: revisionRef(revision, tag), appImage };
}

function revisionRef(revision: bigint, tag: string, prefix = ''): RevisionRef {
  return { revision: readRevision(revision, `${prefix}revision`), tag };
}

function optionalRevision(revision: bigint | undefined, field: string): number | undefined {
  return revision === undefined ? undefined : readRevision(revision, field);
}

/** @throws AppImageError REQUEST_INVALID for a number that no revision can have */
function readRevision(revision: bigint, field: string): number {
  if (revision < 0n || revision > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw invalidRequest([{ field, description: `${revision} is no revision; revisions are 1, 2, ...` }]);
  }
  return Number(revision);
}

/** @throws AppImageError REQUEST_INVALID where the caller's reason is too long */
function readMessage(message: string): string {
  if (message.length > MAX_MESSAGE_LENGTH) {
    throw invalidRequest([
      {
        field: 'message',
        description: `${message.length} characters; at most ${MAX_MESSAGE_LENGTH} are kept with a revision`,
      },
    ]);
  }
  return message;
}
