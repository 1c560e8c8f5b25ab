import { didYouMean } from '../domain/did-you-mean.js';
import { ERRORS } from '../domain/errors.js';
import { CliError, changedError } from './cli-error.js';
import type { RegistryClient } from './registry-client.js';

/** Names that are looked through for a guess. */
const MAX_NAMES = 1000n;

/** Makes a call about a template; where there is none of that name, the error has the one that was most likely meant. */
export async function withNameGuess<T>(client: RegistryClient, name: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof CliError && error.serverCode === ERRORS.APP_IMAGE_NOT_FOUND.code) {
      throw await notFound(client, [name], error.message);
    }
    if (error instanceof CliError && error.hint !== undefined) {
      throw changedError(error, { hint: error.hint.replaceAll('NAME', name) });
    }
    throw error;
  }
}

/** The error for names that the registry does not have. */
export async function notFound(client: RegistryClient, names: readonly string[], message: string): Promise<CliError> {
  const guesses = await guess(client, names);
  const [first = 'NAME'] = names;
  return new CliError('FAILED', message, {
    serverCode: ERRORS.APP_IMAGE_NOT_FOUND.code,
    hint:
      guesses.length === 0
        ? `\`appimagectl get\` lists the templates; a deleted one has a history still, see \`appimagectl history ${first}\``
        : guesses
            .map(([name, meant]) =>
              names.length === 1 ? `did you mean "${meant}"?` : `"${name}": did you mean "${meant}"?`,
            )
            .join('\n'),
  });
}

async function guess(client: RegistryClient, names: readonly string[]): Promise<(readonly [string, string])[]> {
  try {
    const { data } = await client.call('list', { header: undefined, pageSize: MAX_NAMES, pageToken: '' });
    const known = data?.appimageList.map(({ name }) => name) ?? [];
    return names.flatMap((name) => {
      const meant = didYouMean(name, known);
      return meant === undefined || meant === name ? [] : [[name, meant] as const];
    });
  } catch {
    // The guess is a courtesy; the error itself says enough.
    return [];
  }
}
