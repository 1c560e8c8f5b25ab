import { suggest } from '../app-image/text-rule.js';
import { didYouMean } from '../did-you-mean.js';
import { quoteValue } from '../errors.js';
import { KNOWN_VARIABLES, type VariableKind } from '../render/known-variables.js';
import type { VariableReference } from '../template/template-variables.js';
import { type AppImageIndex, type ContainerPlace, countCommon, envFromPrefixes } from './app-image-index.js';
import type { Findings } from './findings.js';
import { at } from './template-place.js';

/** Variables of containers that are considered as what was meant, besides those of the agents. */
const MAX_CANDIDATES = 100;
/** Distinct prefixes of `env_from` that are considered for one file. */
const MAX_PREFIXES = 100;

/**
 * Reports the variables of a file that nobody is known to set: neither an agent, nor the `env` of the containers that mount it. A name that
 * an `env_from` may bring is only reported where it looks like a slip of the pen. Each name is reported once a file.
 */
export function lintVariableNames(
  findings: Findings,
  index: AppImageIndex,
  field: string,
  references: readonly VariableReference[],
  readers: ReadonlySet<ContainerPlace>,
  isMounted: boolean,
): void {
  const environment = new FileEnvironment(index, readers, isMounted);
  const seen = new Set<string>();
  for (const reference of references) {
    const { name, form } = reference;
    const hasSpace = form === 'path' && name.trim() !== name;
    if (seen.has(name) || hasSpace || KNOWN_VARIABLES.has(name) || index.portVariables.has(name)) {
      continue;
    }
    seen.add(name);
    const settingCount = environment.countSetting(name);
    if (settingCount < environment.neededCount) {
      report(findings, field, reference, environment, settingCount);
    }
  }
}

function report(
  findings: Findings,
  field: string,
  reference: VariableReference,
  environment: FileEnvironment,
  settingCount: number,
): void {
  const { name } = reference;
  const variable = `.${name.length > 64 ? quoteValue(name) : name}`;
  if (settingCount > 0) {
    if (!environment.mayBringIn(name)) {
      findings.add('unknown-variable', field, () => ({
        message: `${at(reference)}${variable} is set in the env of ${settingCount} of the ${environment.neededCount} containers that mount the file`,
        suggestion: 'set it in all of them, or mount different files',
      }));
    }
    return;
  }
  const guess = didYouMean(name, environment.candidates());
  if (guess === undefined && environment.mayBringIn(name)) {
    return;
  }
  findings.add('unknown-variable', field, () => ({
    message: `${at(reference)}${variable} is set neither by the agents nor in the env of the container`,
    suggestion: `set it in env, or make sure that each site has it in its configuration${suggest(guess)}`,
  }));
}

/** What the containers that mount a file set. */
class FileEnvironment {
  readonly #index: AppImageIndex;
  readonly #readers: ReadonlySet<ContainerPlace>;
  /** The number of containers that must set a variable for it to be known: of an unmounted file nobody knows who will read it. */
  readonly neededCount: number;
  #prefixes: ReadonlySet<string> | undefined;
  #candidates: readonly string[] | undefined;

  constructor(index: AppImageIndex, readers: ReadonlySet<ContainerPlace>, isMounted: boolean) {
    this.#index = index;
    this.#readers = readers;
    this.neededCount = isMounted ? readers.size : 1;
  }

  countSetting(name: string): number {
    const setters = this.#index.settersOf.get(name);
    return setters === undefined ? 0 : countCommon(setters, this.#readers);
  }

  /** Whether the name may come from a config map or a secret. */
  mayBringIn(name: string): boolean {
    this.#prefixes ??= firstOf(MAX_PREFIXES, this.#readers, envFromPrefixes);
    return [...this.#prefixes].some((prefix) => name.startsWith(prefix));
  }

  candidates(): readonly string[] {
    const own = (place: ContainerPlace): Iterable<string> =>
      place.container.env.slice(0, MAX_CANDIDATES).map(({ name }) => name.toUpperCase());
    this.#candidates ??= [...KNOWN_VARIABLES.keys(), ...firstOf(MAX_CANDIDATES, this.#readers, own)];
    return this.#candidates;
  }
}

function firstOf(
  limit: number,
  places: Iterable<ContainerPlace>,
  namesOf: (place: ContainerPlace) => Iterable<string>,
): ReadonlySet<string> {
  const found = new Set<string>();
  for (const place of places) {
    for (const name of namesOf(place)) {
      if (found.size === limit) {
        return found;
      }
      found.add(name);
    }
  }
  return found;
}

/** Reports a file that uses variables of tasks and of servings: in either case some of them have no value. */
export function lintVariableKinds(
  findings: Findings,
  { settersOf }: AppImageIndex,
  field: string,
  references: readonly VariableReference[],
): void {
  const firstOfKind = new Map<VariableKind, VariableReference>();
  for (const reference of references) {
    const kind = settersOf.has(reference.name) ? 'any' : (KNOWN_VARIABLES.get(reference.name) ?? 'any');
    if (kind !== 'any' && !firstOfKind.has(kind)) {
      firstOfKind.set(kind, reference);
    }
  }
  const [first, second] = firstOfKind;
  if (first !== undefined && second !== undefined) {
    const [firstKind, { name, line }] = first;
    const [secondKind, reference] = second;
    findings.add('variable-wrong-kind', field, () => ({
      message: `${at(reference)}.${reference.name} is set for ${secondKind}s only, and .${name} in line ${line} for ${firstKind}s only`,
      suggestion: 'use one file for tasks and another for servings',
    }));
  }
}
