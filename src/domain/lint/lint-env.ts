import { quoteValue } from '../errors.js';
import { KNOWN_VARIABLES } from '../render/known-variables.js';
import type { AppImageIndex, ContainerPlace } from './app-image-index.js';
import { looksLikeSecret } from './credential.js';
import type { Findings } from './findings.js';

/** What shells and templates take as a name. */
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Checks the environment variables of each container. */
export function lintEnv(findings: Findings, { containers }: AppImageIndex): void {
  for (const place of containers) {
    lintVariables(findings, place);
  }
}

function lintVariables(findings: Findings, { container, path }: ContainerPlace): void {
  const firstIndices = new Map<string, number>();
  for (const [index, { name, value }] of container.env.entries()) {
    const field = `${path}.env[${index}]`;
    const nameField = `${field}.name`;
    const firstIndex = firstIndices.get(name);
    firstIndices.set(name, firstIndex ?? index);
    if (firstIndex !== undefined && name !== '') {
      findings.add('duplicate-env', nameField, () => ({
        message: `${quoteValue(name)} is set by env[${firstIndex}] already; the last value counts`,
        suggestion: 'set each variable once',
      }));
    }
    if (name !== '' && !IDENTIFIER.test(name) && !findings.isErroneous(nameField)) {
      findings.add('unportable-env-name', nameField, () => ({
        message: `${quoteValue(name)} is no name that shells know, nor one that {{.NAME}} can refer to`,
        suggestion: 'use letters, digits and "_", the first no digit',
      }));
    }
    if (KNOWN_VARIABLES.has(name)) {
      findings.add('reserved-env', nameField, () => ({
        message: `the agents set ${name} themselves, so this value may not be the one that the application sees`,
        suggestion: 'use another name',
      }));
    }
    if (looksLikeSecret(name, value)) {
      findings.add('secret-in-env', `${field}.value`, () => ({
        message: `the value of ${quoteValue(name)} looks like a credential, and everyone who may read the template may read it`,
        suggestion: 'keep it in a secret of the site and name that in env_from[].secret_ref',
      }));
    }
  }
}
