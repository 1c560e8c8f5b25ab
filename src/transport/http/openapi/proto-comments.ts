import type {
  DescEnum,
  DescEnumValue,
  DescField,
  DescFile,
  DescMessage,
  DescMethod,
  DescService,
} from '@bufbuild/protobuf';

/** What may carry a comment. */
export type Commented = DescMessage | DescField | DescEnum | DescEnumValue | DescService | DescMethod;

// Field numbers of descriptor.proto, by which a comment names what it belongs to.
const FILE_MESSAGE = 4;
const FILE_ENUM = 5;
const FILE_SERVICE = 6;
const MESSAGE_FIELD = 2;
const MESSAGE_NESTED = 3;
const MESSAGE_ENUM = 4;
const ENUM_VALUE = 2;
const SERVICE_METHOD = 2;

const commentsOfFiles = new WeakMap<DescFile, ReadonlyMap<string, string>>();

/** The comment above a declaration of the contract, as Markdown; empty where there is none. */
export function commentOf(commented: Commented): string {
  const file = fileOf(commented);
  let comments = commentsOfFiles.get(file);
  if (comments === undefined) {
    const locations = file.proto.sourceCodeInfo?.location ?? [];
    comments = new Map(locations.map(({ path, leadingComments }) => [path.join('.'), unindent(leadingComments)]));
    commentsOfFiles.set(file, comments);
  }
  return comments.get(pathOf(commented).join('.')) ?? '';
}

function fileOf(commented: Commented): DescFile {
  return 'file' in commented ? commented.file : commented.parent.file;
}

function pathOf(commented: Commented): number[] {
  switch (commented.kind) {
    case 'message':
      return commented.parent === undefined
        ? [FILE_MESSAGE, commented.file.proto.messageType.indexOf(commented.proto)]
        : [...pathOf(commented.parent), MESSAGE_NESTED, commented.parent.proto.nestedType.indexOf(commented.proto)];
    case 'field':
      return [...pathOf(commented.parent), MESSAGE_FIELD, commented.parent.proto.field.indexOf(commented.proto)];
    case 'enum':
      return commented.parent === undefined
        ? [FILE_ENUM, commented.file.proto.enumType.indexOf(commented.proto)]
        : [...pathOf(commented.parent), MESSAGE_ENUM, commented.parent.proto.enumType.indexOf(commented.proto)];
    case 'enum_value':
      return [...pathOf(commented.parent), ENUM_VALUE, commented.parent.proto.value.indexOf(commented.proto)];
    case 'service':
      return [FILE_SERVICE, commented.file.proto.service.indexOf(commented.proto)];
    default:
      return [...pathOf(commented.parent), SERVICE_METHOD, commented.parent.proto.method.indexOf(commented.proto)];
  }
}

function unindent(comment: string): string {
  return comment.replaceAll(/^ /gm, '').trimEnd();
}
