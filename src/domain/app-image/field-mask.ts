import { didYouMean } from '../did-you-mean.js';
import { quoteValue } from '../errors.js';
import { suggest, type TextRule } from './text-rule.js';

/** What an update mask may name. A further field of a template is one line here, and is then merged and checked like these. */
const MASK_FIELDS = [
  { name: 'name', property: 'name', kind: 'identifier' },
  { name: 'image', property: 'image', kind: 'message', members: ['name', 'tag', 'id', 'sign'] },
  { name: 'config_templates', property: 'configTemplates', kind: 'map' },
  { name: 'deploy_templates', property: 'deployTemplates', kind: 'list' },
  { name: 'labels', property: 'labels', kind: 'map' },
  { name: 'annotations', property: 'annotations', kind: 'map' },
] as const;

type MaskField = (typeof MASK_FIELDS)[number];
type FieldOfKind<Kind> = Extract<MaskField, { readonly kind: Kind }>;

/** Fields that a mask may set, which is all but the name: it says which template is meant and never changes. */
export type MaskProperty = Exclude<MaskField, FieldOfKind<'identifier'>>['property'];
export type MapProperty = FieldOfKind<'map'>['property'];
export type ImageMember = FieldOfKind<'message'>['members'][number];

/** What the paths of an update mask name together, each part once. */
export interface FieldMask {
  /** Fields that are set as a whole. */
  readonly fields: ReadonlySet<MaskProperty>;
  readonly imageMembers: ReadonlySet<ImageMember>;
  /** Single keys of maps. */
  readonly keys: ReadonlyMap<MapProperty, ReadonlySet<string>>;
}

/** Fields that are maps, whose keys a mask may name one by one. */
export const MAP_FIELDS: readonly FieldOfKind<'map'>[] = MASK_FIELDS.filter((field) => field.kind === 'map');

type MaskPath =
  | { readonly kind: 'all' }
  | { readonly kind: 'identifier' }
  | { readonly kind: 'field'; readonly property: MaskProperty }
  | { readonly kind: 'member'; readonly member: ImageMember }
  | { readonly kind: 'key'; readonly property: MapProperty; readonly key: string };

/** By their names in both spellings, since the JSON form of a mask has them in lowerCamelCase. */
const FIELDS_BY_NAME: ReadonlyMap<string, MaskField> = new Map(
  MASK_FIELDS.flatMap((field) => [
    [field.name, field],
    [field.property, field],
  ]),
);

const KNOWN_PATHS: readonly string[] = MASK_FIELDS.flatMap((field) =>
  field.kind === 'message' ? [field.name, ...field.members.map((member) => `${field.name}.${member}`)] : [field.name],
);

/** A path as in AIP-134 and AIP-161 that names something which can be set. */
export const MASK_PATH: TextRule = {
  allows: (path) => parseMaskPath(path) !== undefined,
  explain: explainMaskPath,
};

/**
 * What these paths name together. An empty list names nothing: callers take it for an absent mask, as AIP-134 has it.
 * @throws RangeError for a path that {@link MASK_PATH} does not allow
 */
export function parseFieldMask(paths: readonly string[]): FieldMask {
  const fields = new Set<MaskProperty>();
  const imageMembers = new Set<ImageMember>();
  const keys = new Map<MapProperty, Set<string>>();
  for (const text of paths) {
    const path = parseMaskPath(text);
    switch (path?.kind) {
      case undefined:
        throw new RangeError(`the update mask names ${quoteValue(text)}, which does not exist`);
      case 'all':
        for (const field of MASK_FIELDS) {
          if (field.kind !== 'identifier') {
            fields.add(field.property);
          }
        }
        break;
      case 'identifier':
        break;
      case 'field':
        fields.add(path.property);
        break;
      case 'member':
        imageMembers.add(path.member);
        break;
      case 'key':
        keys.set(path.property, (keys.get(path.property) ?? new Set()).add(path.key));
        break;
    }
  }
  return { fields, imageMembers, keys };
}

function parseMaskPath(path: string): MaskPath | undefined {
  if (path === '*') {
    return { kind: 'all' };
  }
  const { field, inside } = splitPath(path);
  if (field === undefined) {
    return undefined;
  }
  if (inside === undefined) {
    return field.kind === 'identifier' ? { kind: 'identifier' } : { kind: 'field', property: field.property };
  }
  if (field.kind === 'message') {
    const member = field.members.find((name) => name === inside);
    return member && { kind: 'member', member };
  }
  const key = field.kind === 'map' ? parseKey(inside) : undefined;
  return field.kind === 'map' && key !== undefined ? { kind: 'key', property: field.property, key } : undefined;
}

/** The field that a path starts with, if there is one, and what stands behind its first dot, if there is a dot. */
function splitPath(path: string): { field: MaskField | undefined; inside: string | undefined } {
  const dot = path.indexOf('.');
  return dot < 0
    ? { field: FIELDS_BY_NAME.get(path), inside: undefined }
    : { field: FIELDS_BY_NAME.get(path.slice(0, dot)), inside: path.slice(dot + 1) };
}

/**
 * The key of a map. It may be bare, although keys are mostly file names and hold dots, since nothing can follow it; in
 * backticks a doubled backtick stands for one. A bare `*` is refused: AIP-161 reads it as every key, which is the whole field.
 */
function parseKey(text: string): string | undefined {
  if (!text.startsWith('`')) {
    return text === '' || text === '*' ? undefined : text;
  }
  const quoted = text.length > 1 && text.endsWith('`') ? text.slice(1, -1) : '';
  const key = quoted.replaceAll('``', '`');
  // Of every pair of backticks one is left, so a single one shows in the count.
  const isPaired = quoted.length - key.length === count(key, '`');
  return key !== '' && isPaired ? key : undefined;
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

function explainMaskPath(path: string): string {
  const { field, inside } = splitPath(path);
  if (field?.kind === 'map') {
    return inside === '*'
      ? `is not a path; use ${field.name} for the whole map, or ${field.name}.\`*\` for the key "*"`
      : `is not a path; name a key as in ${field.name}.app.conf or ${field.name}.\`app.conf\`, a backtick in backticks doubled`;
  }
  if (field?.kind === 'list' && inside !== undefined) {
    return `is not a path; ${field.name} can only be set as a whole`;
  }
  return `is not a path; use *, ${KNOWN_PATHS.join(', ')} or a key as in config_templates.app.conf${suggest(didYouMean(path, KNOWN_PATHS))}`;
}
