import type { ByteString } from './byte-string.js';

/**
 * The variables in scope, innermost last, with something about each: what is declared later hides what is declared
 * before under the same name. Every lookup takes the same time, however many variables a hostile template declares.
 */
export class VariableScope<T> {
  readonly #declared: { readonly name: ByteString; readonly slot: { value: T } }[] = [];
  readonly #byName = new Map<ByteString, { value: T }[]>();

  declare(name: ByteString, value: T): void {
    const slot = { value };
    this.#declared.push({ name, slot });
    const slots = this.#byName.get(name);
    if (slots === undefined) this.#byName.set(name, [slot]);
    else slots.push(slot);
  }

  /** The innermost variable of a name. */
  find(name: ByteString): { value: T } | undefined {
    return this.#byName.get(name)?.at(-1);
  }

  /** The variable declared `back` declarations ago, 1 being the last. */
  recent(back: number): { value: T } | undefined {
    return this.#declared.at(-back)?.slot;
  }

  /** Forgets what is declared while `run` runs. An error leaves the scope as it is, because it ends everything. */
  scoped<R>(run: () => R): R {
    const known = this.#declared.length;
    const result = run();
    while (this.#declared.length > known) {
      const name = this.#declared.pop()?.name ?? '';
      this.#byName.get(name)?.pop();
    }
    return result;
  }
}
