/**
 * `error`: the document does not mean what its author thinks, whatever the caller tolerates: a wrong type, another kind of object.
 * `not-carried`: the template leaves something out; an error under strict validation.
 */
export type ManifestProblemKind = 'error' | 'not-carried';

/** What of a document did not make it into the template. */
export interface ManifestProblem {
  /** Path in the document: `spec.deployTemplates[0].spec.containers[0].env[1].valueFrom`. */
  readonly path: string;
  readonly kind: ManifestProblemKind;
  /** What was found, and what to write instead; it does not repeat the guess. */
  readonly message: string;
  /** The field that was most likely meant. */
  readonly didYouMean?: string;
}
