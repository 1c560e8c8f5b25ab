import type { DescField } from '@bufbuild/protobuf';

/** Other names under which JSON input may bring a field, by message and name. */
const ALIASES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // The API document's example calls the field by this name.
  'kuscia.proto.api.v1alpha1.kusciaapi.EnvFromSource': { secret_map_ref: 'secret_ref', secretMapRef: 'secret_ref' },
};

/** Every name that JSON may use for a field: that of the proto, lowerCamelCase, aliases. */
export function jsonNames(field: DescField): readonly string[] {
  const aliases = Object.entries(ALIASES[field.parent.typeName] ?? {}).flatMap(([alias, name]) =>
    name === field.name ? [alias] : [],
  );
  return [...new Set([field.name, field.jsonName, ...aliases])];
}
