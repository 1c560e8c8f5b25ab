import type { Command } from 'commander';
import { type CliContext, connect } from '../cli-context.js';
import { addExamples } from '../command-help.js';
import { type ExportedFile, ManifestFolder } from '../manifest-folder.js';
import { count, document, isDocumentFormat, outputOption, writeDocument } from '../output.js';
import { listTemplates } from '../stored-templates.js';

interface ExportFlags {
  readonly prune?: boolean;
  readonly dryRun?: boolean;
  readonly prefix?: string;
  readonly output: string;
}

/** Defines `export`: writes every template as a manifest file. */
export function defineExportCommand(program: Command, context: CliContext): void {
  const command = program
    .command('export')
    .summary('write every template to a manifest file')
    .description(
      [
        'Writes every template to DIR as a Kubernetes manifest, for git: NAME.yaml each. The same template gives the same bytes, and a file that is',
        'right already is not touched, so that a commit shows what changed in the registry and nothing else.',
        'Files of templates that are no longer in the registry stay, unless --prune is given; other files are never touched.',
      ].join(' '),
    )
    .argument('<dir>', 'folder for the files; made where there is none')
    .option('--prune', 'delete the files of templates that are no longer in the registry')
    .option('--prefix <prefix>', 'only templates whose names begin with this')
    .option('--dry-run', 'say what would be written and deleted, and do nothing')
    .addOption(outputOption(['table', 'json', 'yaml', 'name']));
  addExamples(command, [
    ['Keep a registry in git', 'appimagectl export templates/ --prune && git -C templates add -A'],
    ['What has changed since the last export', 'appimagectl export templates/ --prune --dry-run'],
  ]);
  command.action(async (path: string, { prune = false, dryRun = false, prefix = '', output }: ExportFlags) => {
    const { terminal, cwd } = context;
    using client = connect(command, context);
    const folder = new ManifestFolder(path, cwd, { dryRun });
    const files: ExportedFile[] = [];
    const note = (file: ExportedFile): void => {
      files.push(file);
      if (output === 'table' && file.action !== 'unchanged' && file.action !== 'stale') {
        terminal.out(`${file.file} ${file.action}${dryRun ? ' (dry run)' : ''}\n`);
      } else if (output === 'name' && file.action !== 'deleted' && file.action !== 'stale') {
        terminal.out(`${file.file}\n`);
      }
    };
    for await (const appImage of listTemplates(client)) {
      if (appImage.name.startsWith(prefix)) {
        note(folder.write(appImage));
      }
    }
    for (const file of folder.removeOthers({ prefix, prune })) {
      note(file);
    }
    if (isDocumentFormat(output)) {
      writeDocument(terminal, output, document('export', { dry_run: dryRun, files }));
    }
    terminal.say(summary(files, dryRun));
    const stale = files.filter(({ action }) => action === 'stale').map(({ file }) => file);
    if (stale.length > 0) {
      terminal.warn(
        `${count(stale.length, 'file')} of templates that are not in the registry: ${stale.join(', ')}; --prune deletes them`,
      );
    }
  });
}

function summary(files: readonly ExportedFile[], dryRun: boolean): string {
  const numbers = (['created', 'updated', 'unchanged', 'deleted'] as const).map(
    (action) => `${files.filter((file) => file.action === action).length} ${action}`,
  );
  return `${count(files.length, 'file')}: ${numbers.join(', ')}${dryRun ? ' (dry run)' : ''}`;
}
