import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { readManifests, writeManifest } from '../../manifest/manifest-file.js';
import { applyTemplates, RefusedTemplates } from '../apply-templates.js';
import { checkedTemplates } from '../check-sources.js';
import { type CliContext, connect } from '../cli-context.js';
import { CliError, changedError, messageOf } from '../cli-error.js';
import { addExamples } from '../command-help.js';
import { describeFinding } from '../finding.js';
import { withNameGuess } from '../name-guess.js';
import { document, isDocumentFormat, outputOption, writeDocument } from '../output.js';
import type { RegistryClient } from '../registry-client.js';
import type { Source } from '../sources.js';

interface EditFlags {
  readonly output: string;
  readonly message?: string;
}

/** `edit`: a stored template in an editor, and back. */
export function defineEditCommand(program: Command, context: CliContext): void {
  const command = program
    .command('edit')
    .argument('<name>', 'name of a template')
    .summary('change a stored template in your editor')
    .description(
      [
        'Opens a stored template as a manifest in the editor that APPIMAGECTL_EDITOR, KUBE_EDITOR, VISUAL or EDITOR names (vi where none does), and applies',
        'what you save. Faults are shown, and the editor opens again. Nothing is applied where the template has been changed by',
        'someone else meanwhile (exit code 5); your text is kept in a file then.',
      ].join(' '),
    )
    .addOption(new Option('--message <text>', 'why; kept in the history'))
    .addOption(outputOption(['text', 'json', 'yaml', 'name']))
    .action(async (name: string, flags: EditFlags, self: Command) => edit(name, flags, self, context));
  addExamples(command, [
    ['In your editor', 'appimagectl edit psi'],
    ['In an editor that has to be told to wait', 'EDITOR="code --wait" appimagectl edit psi'],
  ]);
}

async function edit(name: string, flags: EditFlags, self: Command, context: CliContext): Promise<void> {
  const { terminal } = context;
  using client = connect(self, context);
  const { revision } = await withNameGuess(client, name, async () =>
    client.call('getRevision', { header: undefined, name, revision: 0n, tag: '' }),
  );
  if (revision?.appImage === undefined) {
    throw new CliError('FAILED', `"${name}" has been deleted`, {
      hint: `bring it back with \`appimagectl rollback ${name} --to ${Number(revision?.revision ?? 1) - 1}\``,
    });
  }
  const folder = mkdtempSync(join(tmpdir(), 'appimagectl-edit-'));
  const path = join(folder, `${name}.yaml`);
  const original = `# ${name} at revision ${revision.revision}. Save and close to apply; leave it as it is to give up.\n${writeManifest(revision.appImage)}`;
  let isKept = false;
  try {
    let before = original;
    writeFileSync(path, original);
    for (;;) {
      await openEditor(path, context);
      const text = readFileSync(path, 'utf8');
      if (text === before) {
        if (before !== original) {
          isKept = true;
          throw new CliError('FAILED', 'the faults are still there; nothing has been applied', {
            hint: `your text is in ${path}`,
          });
        }
        terminal.say('Edit cancelled, no changes made.');
        write({ name, outcome: 'unchanged', revision: Number(revision.revision) }, flags, context);
        return;
      }
      before = text;
      try {
        const source = readEdited(text, path, name, context);
        await applyEdited(client, source, revision.revision, flags, context);
        return;
      } catch (error) {
        isKept = true;
        if (!isFault(error) || !terminal.isInteractive) {
          throw keeping(error, path);
        }
        isKept = false;
        terminal.say(`${terminal.paintTalk('red', 'error:')} ${messageOf(error)}`);
        if (!(await terminal.confirm('Open the editor again?', ''))) {
          isKept = true;
          throw keeping(error, path);
        }
      }
    }
  } finally {
    if (!isKept) {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

function readEdited(text: string, path: string, name: string, context: CliContext): Source {
  const file = { name: path, text };
  const documents = readManifests(text, path).map((read) => ({ file, document: read }));
  const [source, ...others] =
    documents.length === 0 ? [] : checkedTemplates({ files: [file], documents }, 'strict', context);
  if (source === undefined || others.length > 0) {
    throw new EditFault(`expected one template, found ${documents.length}`);
  }
  if (source.appImage.name !== name) {
    throw new EditFault(`the name has become "${source.appImage.name}"; a template keeps its name`);
  }
  return source;
}

/** A fault that another look into the editor may mend. */
class EditFault extends CliError {
  constructor(message: string) {
    super('FAILED', message, { hint: 'to make another template, save the manifest and `appimagectl apply -f` it' });
  }
}

function isFault(error: unknown): boolean {
  return (
    error instanceof CliError && error.exit === 'FAILED' && (error instanceof EditFault || error.violations.length > 0)
  );
}

function keeping(error: unknown, path: string): unknown {
  if (!(error instanceof CliError)) {
    return error;
  }
  const advice =
    error.exit === 'CONFLICT'
      ? `your text is in ${path}; see \`appimagectl diff -f ${path}\`, then apply it with \`appimagectl apply -f ${path}\``
      : `your text is in ${path}`;
  return changedError(error, { hint: advice });
}

async function applyEdited(
  client: RegistryClient,
  source: Source,
  ifRevision: bigint,
  flags: EditFlags,
  context: CliContext,
): Promise<void> {
  const { terminal } = context;
  const { message = '' } = flags;
  try {
    const options = { dryRun: false, failOnWarnings: false, message, ifRevision };
    for await (const [applied] of applyTemplates(client, [source], options)) {
      if (applied?.error !== undefined) {
        throw applied.error;
      }
      for (const finding of applied?.findings.filter(({ severity }) => severity === 'WARNING') ?? []) {
        terminal.say(describeFinding(finding, terminal.paintTalk));
      }
      const outcome = applied?.outcome === 'unchanged' ? 'unchanged' : 'edited';
      write({ name: source.appImage.name, outcome, revision: applied?.revision ?? 0 }, flags, context);
    }
  } catch (error) {
    if (error instanceof RefusedTemplates) {
      for (const finding of error.findings) {
        terminal.say(describeFinding(finding, terminal.paintTalk));
      }
    }
    throw error;
  }
}

interface Edited {
  readonly name: string;
  readonly outcome: 'edited' | 'unchanged';
  readonly revision: number;
}

function write(edited: Edited, { output }: EditFlags, { terminal }: CliContext): void {
  const { name, outcome, revision } = edited;
  if (isDocumentFormat(output)) {
    writeDocument(terminal, output, document('edit', edited));
  } else {
    terminal.out(output === 'name' ? `appimage/${name}\n` : `appimage/${name} ${outcome} (revision ${revision})\n`);
  }
}

async function openEditor(path: string, { env }: CliContext): Promise<void> {
  const editor = env['APPIMAGECTL_EDITOR'] || env['KUBE_EDITOR'] || env['VISUAL'] || env['EDITOR'] || 'vi';
  // Through a shell, since these variables hold command lines.
  const child = spawn('sh', ['-c', `${editor} "$1"`, 'sh', path], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) {
    throw new CliError('FAILED', `the editor "${editor}" ended with ${code ?? 'a signal'}; nothing has been applied`, {
      hint: 'name another in EDITOR',
    });
  }
}
