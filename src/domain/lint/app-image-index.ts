import type { AppImage, Container, DeployTemplate } from '../app-image/app-image.js';
import { portNumberVariable } from '../render/known-variables.js';
import { toUpperCase } from '../template/unicode-classes.js';

/** A deploy template and where it stands. */
export interface DeployPlace {
  readonly deployTemplate: DeployTemplate;
  readonly index: number;
  readonly path: string;
}

/** A container and where it stands. */
export interface ContainerPlace {
  readonly container: Container;
  readonly index: number;
  readonly path: string;
  readonly deploy: DeployPlace;
}

/** Prefixes of `env_from` that are looked at for one container; nobody has more in earnest. */
const MAX_PREFIXES = 100;

/**
 * What stands where in a template, so that each rule goes over it once. Whatever rules look up for each name in a file is kept by name:
 * a hostile template may have tens of thousands of files, names and containers, and must not make a rule try all against all.
 */
export class AppImageIndex {
  readonly appImage: AppImage;
  readonly deploys: readonly DeployPlace[];
  readonly containers: readonly ContainerPlace[];
  /** The containers that mount a configuration template, by its key. */
  readonly mountsOf: ReadonlyMap<string, ReadonlySet<ContainerPlace>>;
  /** The containers whose `env` sets a variable, by its upper-cased name. */
  readonly settersOf: ReadonlyMap<string, ReadonlySet<ContainerPlace>>;
  /** The deploy templates that have a port, by its name. */
  readonly deploysWithPort: ReadonlyMap<string, ReadonlySet<DeployPlace>>;
  /** Variables with the number of one port. */
  readonly portVariables: ReadonlySet<string>;
  readonly #all: ReadonlySet<ContainerPlace>;

  constructor(appImage: AppImage) {
    this.appImage = appImage;
    this.deploys = appImage.deployTemplates.map((deployTemplate, index) => ({
      deployTemplate,
      index,
      path: `deploy_templates[${index}]`,
    }));
    this.containers = this.deploys.flatMap((deploy) =>
      deploy.deployTemplate.containers.map((container, index) => ({
        container,
        index,
        path: `${deploy.path}.containers[${index}]`,
        deploy,
      })),
    );
    this.#all = new Set(this.containers);
    this.mountsOf = groupBy(this.containers, ({ container }) =>
      container.configVolumeMounts.map(({ subPath }) => subPath),
    );
    this.settersOf = groupBy(this.containers, ({ container }) => container.env.map(({ name }) => toUpperCase(name)));
    this.deploysWithPort = groupBy(this.deploys, ({ deployTemplate }) =>
      deployTemplate.containers.flatMap(({ ports }) => ports.map(({ name }) => name)),
    );
    this.portVariables = new Set([...this.deploysWithPort.keys()].map(portNumberVariable));
  }

  /** The containers that mount a configuration template; all where none does, since any of them may come to. */
  readersOf(key: string): ReadonlySet<ContainerPlace> {
    return this.mountsOf.get(key) ?? this.#all;
  }
}

/** The distinct prefixes of the variables that a container takes from elsewhere, upper-cased. */
export function envFromPrefixes({ container }: ContainerPlace): ReadonlySet<string> {
  return new Set(container.envFrom.slice(0, MAX_PREFIXES).map(({ prefix }) => toUpperCase(prefix)));
}

/** How many elements two sets have in common; costs as much as the smaller one. */
export function countCommon<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): number {
  const [smaller, larger] = a.size <= b.size ? [a, b] : [b, a];
  let count = 0;
  for (const element of smaller) {
    count += larger.has(element) ? 1 : 0;
  }
  return count;
}

function groupBy<T>(
  places: readonly T[],
  keysOf: (place: T) => readonly string[],
): ReadonlyMap<string, ReadonlySet<T>> {
  const groups = new Map<string, Set<T>>();
  for (const place of places) {
    for (const key of keysOf(place)) {
      const group = groups.get(key);
      if (group === undefined) {
        groups.set(key, new Set([place]));
      } else {
        group.add(place);
      }
    }
  }
  return groups;
}
