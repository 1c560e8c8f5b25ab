import { suggest } from '../app-image/text-rule.js';
import { didYouMean } from '../did-you-mean.js';
import { quoteValue } from '../errors.js';
import type { PathStep, PlaceholderPath } from '../template/placeholder-path.js';
import type { ParsedTemplate } from '../template/render-template.js';
import { type AppImageIndex, type ContainerPlace, countCommon, type DeployPlace } from './app-image-index.js';
import type { Findings } from './findings.js';
import { placeholderPaths } from './placeholder-paths.js';
import { at } from './template-place.js';

/** Names of ports that are considered as what was meant. */
const MAX_CANDIDATES = 100;

/** What a variable holds, as Kuscia documents it. */
type Shape =
  | { readonly kind: 'text' }
  | { readonly kind: 'list'; readonly of: Shape }
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, Shape> };

const TEXT: Shape = { kind: 'text' };

function object(fields: Readonly<Record<string, Shape>>): Shape {
  return { kind: 'object', fields: new Map(Object.entries(fields)) };
}

function list(of: Shape): Shape {
  return { kind: 'list', of };
}

const PORT = object({ name: TEXT, port: TEXT, scope: TEXT, protocol: TEXT });
const SERVICE = object({ portName: TEXT, endpoints: list(TEXT) });
const PARTY = object({ name: TEXT, role: TEXT, services: list(SERVICE) });
const CLUSTER = object({ parties: list(PARTY), selfPartyIdx: TEXT, selfEndpointIdx: TEXT });

const SHAPES: ReadonlyMap<string, Shape> = new Map([
  ['ALLOCATED_PORTS', object({ ports: list(PORT) })],
  ['TASK_CLUSTER_DEFINE', CLUSTER],
  ['CLUSTER_DEFINE', CLUSTER],
]);

/** Why a path leads nowhere, and what was meant if that can be told. */
interface DeadEnd {
  readonly reason: string;
  readonly guess?: string | undefined;
}

/** Checks the paths of the three-brace placeholders of a file. Each path is reported once. */
export function lintPlaceholders(
  findings: Findings,
  index: AppImageIndex,
  field: string,
  template: ParsedTemplate,
  readers: ReadonlySet<ContainerPlace>,
): void {
  const seen = new Set<string>();
  let deploys: ReadonlySet<DeployPlace> | undefined;
  for (const { path, position } of placeholderPaths(template)) {
    const shape = SHAPES.get(path.name);
    if (seen.has(path.text)) {
      continue;
    }
    seen.add(path.text);
    const name = nameWithSpace(path);
    if (name !== undefined) {
      findings.add('placeholder-space', field, () => ({
        message: `${at(position)}the white space in ${quoteValue(name)} is part of the name, which so is another one`,
        suggestion: 'write the placeholder without white space',
      }));
    } else if (shape !== undefined && !index.settersOf.has(path.name)) {
      deploys ??= new Set(Array.from(readers, ({ deploy }) => deploy));
      const end = deadEnd(path, shape, index, deploys);
      if (end !== undefined) {
        findings.add('unknown-placeholder-path', field, () => ({
          message: `${at(position)}{{{.${quoteValue(path.text).slice(1, -1)}}}} renders to nothing: ${end.reason}`,
          suggestion: `follow the shape of ${path.name} in the documentation of Kuscia${suggest(end.guess)}`,
        }));
      }
    }
  }
}

/** A name at whose edge there is white space. Spaces within are unusual, but may be meant. */
function nameWithSpace({ name, steps }: PlaceholderPath): string | undefined {
  const names = steps.flatMap((step) => {
    if (step.kind === 'filter') {
      return [step.key, step.value];
    }
    return step.kind === 'field' ? [step.name] : [];
  });
  return [name, ...names].find((text) => text.trim() !== text);
}

function deadEnd(
  path: PlaceholderPath,
  start: Shape,
  index: AppImageIndex,
  deploys: ReadonlySet<DeployPlace>,
): DeadEnd | undefined {
  let shape = start;
  let place = path.name;
  for (const step of path.steps) {
    const next = follow(shape, step, place);
    if ('reason' in next) {
      return next;
    }
    if (step.kind === 'filter' && shape.kind === 'list' && shape.of === PORT && step.key === 'name') {
      const end = unknownPort(step.value, index, deploys);
      if (end !== undefined) {
        return end;
      }
    }
    shape = next;
    place = step.kind === 'field' ? step.name : `an element of ${place}`;
  }
  return undefined;
}

function follow(shape: Shape, step: PathStep, place: string): Shape | DeadEnd {
  if (step.kind === 'field') {
    if (shape.kind !== 'object') {
      const what = shape.kind === 'list' ? 'a list, which needs [index] or [key=value]' : 'no object';
      return { reason: `${place} is ${what}` };
    }
    return (
      shape.fields.get(step.name) ?? {
        reason: `${place} has no field ${quoteValue(step.name)}`,
        guess: didYouMean(step.name, shape.fields.keys()),
      }
    );
  }
  if (shape.kind !== 'list') {
    return { reason: `${place} is no list` };
  }
  if (step.kind === 'filter' && (shape.of.kind !== 'object' || !shape.of.fields.has(step.key))) {
    const keys = shape.of.kind === 'object' ? shape.of.fields.keys() : [];
    return { reason: `the elements of ${place} have no ${quoteValue(step.key)}`, guess: didYouMean(step.key, keys) };
  }
  return shape.of;
}

/** The ports of the pod are the only names that the template itself decides. */
function unknownPort(
  name: string,
  { deploysWithPort }: AppImageIndex,
  deploys: ReadonlySet<DeployPlace>,
): DeadEnd | undefined {
  const owners = deploysWithPort.get(name);
  const count = owners === undefined ? 0 : countCommon(owners, deploys);
  if (count === deploys.size) {
    return undefined;
  }
  if (count > 0) {
    return {
      reason: `only ${count} of the ${deploys.size} deploy templates that mount the file have a port ${quoteValue(name)}`,
    };
  }
  const names = [...deploysWithPort.keys()].slice(0, MAX_CANDIDATES);
  return { reason: `no container has a port ${quoteValue(name)}`, guess: didYouMean(name, names) };
}
