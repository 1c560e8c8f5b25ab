import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { addExamples } from '../command-help.js';

/** The flag of `apply` that the argument of `import` stands for. */
const FILES = '--filename';

/** Defines `import`: an `apply` of a folder, with the same flags, output and exit codes. To be called when `apply` has been defined. */
export function defineImportCommand(program: Command, _context: CliContext): void {
  const apply = program.commands.find((command) => command.name() === 'apply');
  if (apply === undefined) {
    throw new Error('import is an apply, which is not defined yet');
  }
  const command = program
    .command('import')
    .summary('apply every manifest of a folder')
    .description(
      [
        'Applies every manifest of DIR, such as `export` has written: the same as `appimagectl apply -f DIR`, with the same flags, output and exit',
        'codes. Importing what was exported changes nothing.',
      ].join(' '),
    )
    .argument('<dir>', 'folder with manifests');
  for (const option of apply.options.filter(({ long }) => long !== FILES)) {
    command.addOption(option);
  }
  addExamples(command, [
    ['What an import would change', 'appimagectl import templates/ --dry-run'],
    ['Bring a registry to what is in git', 'appimagectl import templates/ --message "release 12"'],
  ]);
  command.action(async (folder: string) => {
    for (const option of command.options) {
      const name = option.attributeName();
      if (command.getOptionValueSource(name) !== 'default') {
        apply.setOptionValueWithSource(name, command.getOptionValue(name), command.getOptionValueSource(name));
      }
    }
    await apply.parseAsync([FILES, folder], { from: 'user' });
  });
}
