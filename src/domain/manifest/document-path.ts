import type { FieldPathSegment } from '../field-path.js';
import type { DocumentForm } from './document-reading.js';
import { type FieldShape, type Shape, TEMPLATE_SHAPE } from './template-shape.js';

/** One step into a document: an index of a list, or a key under any of these names. */
export type DocumentStep = number | readonly string[];

/**
 * Where a document has a field of the contract: `deploy_templates[0].containers[1]` is `spec.deployTemplates[0].spec.containers[1]` in
 * a manifest. A field that the contract does not know ends the path, so that it leads to the place above.
 */
export function documentPath(field: readonly FieldPathSegment[], form: DocumentForm): DocumentStep[] {
  const steps: DocumentStep[] = [];
  let shape: Shape | undefined = TEMPLATE_SHAPE;
  for (const segment of field) {
    if (shape?.kind === 'message') {
      const known: FieldShape | undefined = shape.fields.find(
        ({ name, property }) => name === segment || property === segment,
      );
      if (known === undefined) {
        break;
      }
      if (form === 'api') {
        steps.push([known.name, known.property, ...(known.alias === undefined ? [] : [known.alias])]);
      } else {
        steps.push(...(known.group === undefined ? [] : [[known.group]]), [known.property]);
      }
      shape = known.shape;
    } else {
      steps.push(typeof segment === 'number' ? segment : [segment]);
      shape = shape?.kind === 'list' ? shape.element : undefined;
    }
  }
  return steps;
}
