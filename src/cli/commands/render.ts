import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { parse } from 'yaml';
import { AppImageError } from '../../domain/errors.js';
import { type RenderedFile, renderAppImage } from '../../domain/render/render-app-image.js';
import { checkedTemplates, placeOf, type ValidationLevel, validateOption } from '../check-sources.js';
import { type CliContext, connect } from '../cli-context.js';
import { CliError, messageOf } from '../cli-error.js';
import { addExamples } from '../command-help.js';
import { describeFinding } from '../finding.js';
import { withNameGuess } from '../name-guess.js';
import { count, document, isDocumentFormat, outputOption, readAssignment, writeDocument } from '../output.js';
import { readRevision } from '../revision-argument.js';
import { readSources, type Source, type SourceFlags, sourceOptions } from '../sources.js';

interface RenderFlags extends SourceFlags {
  readonly output: string;
  readonly revision?: string;
  readonly var?: readonly string[];
  readonly vars?: readonly string[];
  readonly samples?: boolean;
  readonly role?: string;
  readonly failOnMissing?: boolean;
  readonly outDir?: string;
  readonly validate: ValidationLevel;
}

/** Not variadic, which would take the name of the template for one more value. */
function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

interface Rendered extends RenderedFile {
  readonly template: string;
}

/** `render`: the configuration files as the application will see them. */
export function defineRenderCommand(program: Command, context: CliContext): void {
  const command = program
    .command('render')
    .argument('[name]', 'name of a stored template')
    .summary('show the configuration files as the application will see them')
    .description(
      [
        'Renders the configuration files of a stored template, or of manifests with -f, which needs no server: one for each file that a',
        'container mounts. Variables get their values from --var, --vars and the env of the container; with --samples those that the',
        'agents set at run time get samples. A variable without a value renders to nothing, and a warning says so.',
      ].join(' '),
    )
    .addOption(new Option('--var <name=value>', 'value of a variable; may be given several times').argParser(collect))
    .addOption(
      new Option(
        '--vars <file>',
        'file of values: a YAML or JSON mapping, whose structures become JSON; may be given several times',
      ).argParser(collect),
    )
    .addOption(
      new Option(
        '--samples',
        'samples for the variables that the agents set, from the ports and roles of the template',
      ),
    )
    .addOption(new Option('--role <role>', 'only what a party of this role gets'))
    .addOption(new Option('--revision <number|tag>', 'an older revision of the stored template'))
    .addOption(new Option('--fail-on-missing', 'exit code 1 where a variable has no value'))
    .addOption(new Option('--out-dir <folder>', 'write the files below this folder instead of showing them'));
  for (const option of sourceOptions()) {
    command.addOption(option);
  }
  command
    .addOption(validateOption())
    .addOption(outputOption(['text', 'json', 'yaml', 'name']))
    .action(async (name: string | undefined, flags: RenderFlags, self: Command) => render(name, flags, self, context));
  addExamples(command, [
    ['A manifest with samples, without a server', 'appimagectl render -f psi.yaml --samples'],
    [
      'A stored template with values of your own, for one role',
      'appimagectl render psi --role server --var TASK_ID=job-1 --var token=abc',
    ],
    ['Values from a file', 'appimagectl render psi --vars values.yaml'],
    [
      'The revision that runs in production, into files',
      'appimagectl render psi --revision prod --samples --out-dir rendered',
    ],
  ]);
}

async function render(name: string | undefined, flags: RenderFlags, self: Command, context: CliContext): Promise<void> {
  if ((name === undefined) === (flags.filename === undefined)) {
    throw new CliError('USAGE', 'give either the name of a stored template, or manifests with -f');
  }
  if (flags.revision !== undefined && name === undefined) {
    throw new CliError('USAGE', '--revision is for stored templates, and -f names files');
  }
  const options = {
    values: readValues(flags, context.cwd),
    useSamples: flags.samples ?? false,
    role: flags.role ?? '',
  };
  const files =
    name === undefined
      ? checkedTemplates(await readSources(flags, context), flags.validate, context).flatMap((source) =>
          renderSource(source, options, context),
        )
      : await renderStored(name, flags, options, self, context);
  write(files, flags, context);
  const incomplete = files.filter(({ missingVariables }) => missingVariables.length > 0);
  for (const file of incomplete) {
    context.terminal.warn(
      `${titleOf(file)}: no value for ${file.missingVariables.join(', ')}; give it with --var${flags.samples ? '' : ', or try --samples'}`,
    );
  }
  if (files.length === 0) {
    context.terminal.warn(
      'no container mounts a configuration file' + (flags.role === undefined ? '' : ` in the role "${flags.role}"`),
    );
  }
  if (incomplete.length > 0 && flags.failOnMissing === true) {
    context.exit = 'FAILED';
  }
}

interface Options {
  readonly values: Map<string, string>;
  readonly useSamples: boolean;
  readonly role: string;
}

function renderSource(
  { file, document: source, appImage }: Source,
  options: Options,
  { terminal }: CliContext,
): Rendered[] {
  try {
    return renderAppImage(appImage, options).map((rendered) => ({ template: appImage.name, ...rendered }));
  } catch (error) {
    if (!(error instanceof AppImageError)) {
      throw error;
    }
    for (const { field, description } of error.violations) {
      const position = placeOf(source, appImage, field, description);
      const finding = { file, position, severity: 'ERROR', rule: 'render', template: appImage.name, field } as const;
      terminal.say(describeFinding({ ...finding, message: description, suggestion: '' }, terminal.paintTalk));
    }
    throw new CliError('FAILED', `${appImage.name} cannot be rendered`, {
      violations: error.violations,
      areViolationsShown: true,
    });
  }
}

async function renderStored(
  name: string,
  { revision }: RenderFlags,
  options: Options,
  self: Command,
  context: CliContext,
): Promise<Rendered[]> {
  using client = connect(self, context);
  const { files } = await withNameGuess(client, name, async () =>
    client.call('render', { header: undefined, name, ...readRevision(revision), appImage: undefined, ...options }),
  );
  return files.map((file) => ({ template: name, ...file }));
}

function write(files: readonly Rendered[], { output, outDir }: RenderFlags, { terminal, cwd }: CliContext): void {
  if (outDir !== undefined) {
    for (const file of files) {
      const path = join(
        outDir,
        file.template,
        pathPart(file.deployTemplate, file.role),
        file.container,
        file.mountPath,
      );
      if (relative(outDir, path).startsWith('..')) {
        throw new CliError(
          'FAILED',
          `the mount path ${file.mountPath} leads out of ${outDir}; nothing more is written`,
        );
      }
      mkdirSync(dirname(resolve(cwd, path)), { recursive: true });
      writeFileSync(resolve(cwd, path), file.content);
      terminal.out(`${path}\n`);
    }
    terminal.say(`${count(files.length, 'file')} written below ${outDir}.`);
  } else if (isDocumentFormat(output)) {
    writeDocument(terminal, output, document('render', { files: files.map(fileDocument) }));
  } else if (output === 'name') {
    terminal.out(files.map((file) => `${titleOf(file)}\n`).join(''));
  } else {
    for (const [index, file] of files.entries()) {
      if (files.length > 1) {
        terminal.out(terminal.paint('bold', `${index === 0 ? '' : '\n'}==> ${titleOf(file)} <==\n`));
      }
      terminal.out(file.content.endsWith('\n') || files.length === 1 ? file.content : `${file.content}\n`);
    }
  }
}

function titleOf({ template, deployTemplate, role, container, mountPath }: Rendered): string {
  return `${template} ${deployTemplate}${role === '' ? '' : `/${role}`} ${container}:${mountPath}`;
}

function pathPart(deployTemplate: string, role: string): string {
  return `${deployTemplate}${role === '' ? '' : `-${role.replaceAll(/[^\w.-]/g, '_')}`}`;
}

function fileDocument(file: Rendered): object {
  return {
    template: file.template,
    deploy_template: file.deployTemplate,
    role: file.role,
    container: file.container,
    config_template: file.configTemplate,
    mount_path: file.mountPath,
    content: file.content,
    variables: file.variables,
    missing_variables: file.missingVariables,
    sampled_variables: file.sampledVariables,
  };
}

function readValues({ var: given = [], vars = [] }: RenderFlags, cwd: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const path of vars) {
    for (const [name, value] of Object.entries(readValuesFile(path, cwd))) {
      values.set(name, typeof value === 'string' ? value : JSON.stringify(value ?? ''));
    }
  }
  for (const assignment of given) {
    values.set(...readAssignment(assignment, '--var'));
  }
  return values;
}

function readValuesFile(path: string, cwd: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parse(readFileSync(resolve(cwd, path), 'utf8')) ?? {};
  } catch (error) {
    throw new CliError('USAGE', `--vars: ${path} cannot be read: ${messageOf(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CliError('USAGE', `--vars: ${path} holds no mapping of names to values`);
  }
  return value as Record<string, unknown>;
}
