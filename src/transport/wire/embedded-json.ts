import type { DescField } from '@bufbuild/protobuf';

/**
 * Fields that are a string in protobuf and hold the text of a JSON object. In the JSON form they are that object; the text is
 * taken there as well.
 */
const EMBEDDED_JSON_FIELDS: ReadonlySet<string> = new Set([
  'kuscia.proto.api.v1alpha1.kusciaapi.DeployTemplate.affinity',
  'kuscia.proto.api.v1alpha1.kusciaapi.Container.security_context',
]);

/** Whether the JSON form shows the object that this field holds as text. */
export function isEmbeddedJson(field: DescField): boolean {
  return EMBEDDED_JSON_FIELDS.has(`${field.parent.typeName}.${field.name}`);
}
