import { type Command, Option } from 'commander';
import type { AppImage } from '../../domain/app-image/app-image.js';
import type { AppImageDiff } from '../../domain/diff/app-image-diff.js';
import { diffAppImages } from '../../domain/diff/diff-app-images.js';
import { type CliContext, connect } from '../cli-context.js';
import { CliError } from '../cli-error.js';
import { addExamples } from '../command-help.js';
import { readCredentials, resolveContext } from '../connection.js';
import { describeEntry, diffDocument, paintClass } from '../diff-text.js';
import { count, document, isDocumentFormat, outputOption, writeDocument } from '../output.js';
import { RegistryClient } from '../registry-client.js';
import { listTemplates } from '../stored-templates.js';
import type { Terminal } from '../terminal.js';

interface CompareFlags {
  readonly with: string;
  readonly prefix?: string;
  readonly output: string;
}

/** One template that is not the same in both registries. */
interface Difference {
  readonly name: string;
  readonly state: 'only_here' | 'only_there' | 'differs';
  readonly diff: AppImageDiff;
}

/** Defines `compare`: what differs between two registries. */
export function defineCompareCommand(program: Command, context: CliContext): void {
  const command = program
    .command('compare')
    .summary('say what differs between two registries')
    .description(
      [
        'Compares the templates of this registry, the one of the connection in force, with those of another one, by meaning as `diff` does.',
        '"-" is what only this registry has, "+" what only the other one has, "~" goes from the value here to the value there.',
        'The other connection is taken from its context alone. The exit code is 3 where anything differs.',
      ].join(' '),
    )
    .argument('[names...]', 'only these templates')
    .addOption(
      new Option(
        '--with <name>',
        'context of the other registry, as in `appimagectl context list`',
      ).makeOptionMandatory(),
    )
    .option('--prefix <prefix>', 'only templates whose names begin with this')
    .addOption(outputOption(['table', 'json', 'yaml', 'name']));
  addExamples(command, [
    ['What production does not have yet', 'appimagectl compare --context staging --with production'],
    ['One template', 'appimagectl compare psi --with production'],
    ['Names of the templates that differ', 'appimagectl compare --with production -o name'],
  ]);
  command.action(async (names: readonly string[], flags: CompareFlags) => {
    const { terminal, env, cwd } = context;
    const settings = resolveContext(flags.with, env, cwd);
    using there = new RegistryClient(settings, readCredentials(settings));
    using here = connect(command, context);
    const { differences, compared } = await compareRegistries(here, there, names, flags.prefix ?? '');
    if (isDocumentFormat(flags.output)) {
      writeDocument(terminal, flags.output, documentOf(differences, compared, flags.with));
    } else {
      for (const difference of differences) {
        terminal.out(flags.output === 'name' ? `${difference.name}\n` : describe(difference, flags.with, terminal));
      }
    }
    terminal.say(
      differences.length === 0
        ? `No differences in ${count(compared, 'template')}.`
        : `${differences.length} of ${count(compared, 'template')} differ${differences.length === 1 ? 's' : ''}.`,
    );
    context.exit = differences.length === 0 ? 'DONE' : 'WOULD_CHANGE';
  });
}

async function compareRegistries(
  here: RegistryClient,
  there: RegistryClient,
  names: readonly string[],
  prefix: string,
): Promise<{ readonly differences: readonly Difference[]; readonly compared: number }> {
  const wanted = new Set(names);
  const differences: Difference[] = [];
  let compared = 0;
  for await (const [ours, theirs] of pairs(listTemplates(here), listTemplates(there))) {
    const name = ours?.name ?? theirs?.name ?? '';
    const isWanted = names.length === 0 || wanted.delete(name);
    if (!isWanted || !name.startsWith(prefix)) {
      continue;
    }
    compared += 1;
    const diff = diffAppImages(ours, theirs);
    const state = theirs === undefined ? 'only_here' : ours === undefined ? 'only_there' : 'differs';
    if (state !== 'differs' || diff.entries.length > 0) {
      differences.push({ name, state, diff });
    }
  }
  if (wanted.size > 0) {
    throw new CliError('FAILED', `neither registry has ${[...wanted].join(', ')}`, {
      hint: '`appimagectl get` lists the names',
    });
  }
  return { differences, compared };
}

/** Goes through two listings that are ordered by name, side by side. */
async function* pairs(
  left: AsyncGenerator<AppImage>,
  right: AsyncGenerator<AppImage>,
): AsyncGenerator<readonly [AppImage | undefined, AppImage | undefined]> {
  const next = async (from: AsyncGenerator<AppImage>): Promise<AppImage | undefined> => {
    const step = await from.next();
    return step.done === true ? undefined : step.value;
  };
  let [ours, theirs] = await Promise.all([next(left), next(right)]);
  while (ours !== undefined || theirs !== undefined) {
    const takesOurs = theirs === undefined || (ours !== undefined && ours.name <= theirs.name);
    const takesTheirs = ours === undefined || (theirs !== undefined && theirs.name <= ours.name);
    yield [takesOurs ? ours : undefined, takesTheirs ? theirs : undefined];
    [ours, theirs] = await Promise.all([takesOurs ? next(left) : ours, takesTheirs ? next(right) : theirs]);
  }
}

function documentOf(differences: readonly Difference[], compared: number, other: string): object {
  return document('compare', {
    with: other,
    compared,
    differences: differences.map(({ name, state, diff }) => ({ name, state, ...diffDocument(diff) })),
  });
}

function describe({ name, state, diff }: Difference, other: string, { paint }: Terminal): string {
  switch (state) {
    case 'only_here':
      return `${paint('red', `- ${name}`)}  is not in ${other}\n`;
    case 'only_there':
      return `${paint('green', `+ ${name}`)}  is only in ${other}\n`;
    default:
      return `${paint('bold', `~ ${name}`)}  ${paintClass(diff.class, paint)}\n${diff.entries
        .map((entry) => describeEntry(entry, paint))
        .join('')}`;
  }
}
