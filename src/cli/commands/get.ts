import { type Command, Option } from 'commander';
import type { Revision } from '../../../gen/appimage/v1/registry.js';
import type { AppImage } from '../../domain/app-image/app-image.js';
import { writeManifest } from '../../manifest/manifest-file.js';
import { apiJson, exactValue, prettyJson } from '../api-json.js';
import { type CliContext, connect } from '../cli-context.js';
import { CliError } from '../cli-error.js';
import { addExamples } from '../command-help.js';
import { parseSelector, selectorOption } from '../label-selector.js';
import { notFound, withNameGuess } from '../name-guess.js';
import { formatTable, isDocumentFormat, outputOption, writeDocument } from '../output.js';
import type { RegistryClient } from '../registry-client.js';
import { readRevision } from '../revision-argument.js';
import { fetchTemplates, forEachAtOnce, isNotFound, listTemplates } from '../stored-templates.js';

/** Templates that are listed unless all are asked for. */
const LISTED = 500;

interface GetFlags {
  readonly output: string;
  readonly all?: boolean;
  readonly selector?: string;
  readonly prefix?: string;
  readonly revision?: string;
}

/** `get`: what the registry holds. */
export function defineGetCommand(program: Command, context: CliContext): void {
  const command = program
    .command('get')
    .argument('[name...]', 'names of templates; none for a list')
    .summary('list templates, or show some')
    .description(
      [
        `Shows templates: those that are named, or the first ${LISTED} in the order of their names; with --all every one, page by page.`,
        'The output manifest is a Kubernetes manifest that `apply` reads back without loss; json and yaml are the JSON of the API.',
      ].join(' '),
    )
    .addOption(new Option('--all', `list every template, also beyond the first ${LISTED}`))
    .addOption(selectorOption('only templates with these labels'))
    .addOption(new Option('--prefix <text>', 'only templates whose names begin with this'))
    .addOption(new Option('--revision <number|tag>', 'an older revision of the one template'))
    .addOption(outputOption(['table', 'wide', 'yaml', 'json', 'name', 'manifest']))
    .action(async (names: readonly string[], flags: GetFlags, self: Command) => get(names, flags, self, context));
  addExamples(command, [
    ['All templates', 'appimagectl get --all'],
    ['With revision, time and author', 'appimagectl get -o wide'],
    ['A template as a manifest, to edit and apply', 'appimagectl get psi -o manifest > psi.yaml'],
    [
      'The template that the tag prod points at, for jq',
      'appimagectl get psi --revision prod -o json | jq -r .image.tag',
    ],
    ['The names of a team', 'appimagectl get --all -l team=psi -o name'],
  ]);
}

async function get(names: readonly string[], flags: GetFlags, self: Command, context: CliContext): Promise<void> {
  if (names.length > 0 && (flags.all === true || flags.selector !== undefined || flags.prefix !== undefined)) {
    throw new CliError('USAGE', '--all, --selector and --prefix are for lists; leave out the names');
  }
  if (flags.revision !== undefined && names.length !== 1) {
    throw new CliError('USAGE', '--revision needs the name of one template');
  }
  // Names may come from `-o name`.
  const wanted = names.map((name) => name.replace(/^appimages?\//, ''));
  using client = connect(self, context);
  const templates =
    wanted.length === 0
      ? await list(client, flags, context)
      : flags.revision === undefined
        ? await named(client, wanted)
        : [await atRevision(client, wanted[0] ?? '', flags.revision)];
  await write(client, templates, wanted.length === 1, flags, context);
}

async function list(client: RegistryClient, flags: GetFlags, { terminal }: CliContext): Promise<AppImage[]> {
  const selects = flags.selector === undefined ? () => true : parseSelector(flags.selector);
  const { prefix = '' } = flags;
  const templates: AppImage[] = [];
  for await (const appImage of listTemplates(client)) {
    if (!selects(appImage.labels) || !appImage.name.startsWith(prefix)) {
      continue;
    }
    if (templates.length === LISTED && flags.all !== true) {
      terminal.warn(`there are more than ${LISTED} templates; --all lists the others as well`);
      break;
    }
    templates.push(appImage);
  }
  return templates;
}

/** @throws CliError FAILED that names all that do not exist */
async function named(client: RegistryClient, names: readonly string[]): Promise<AppImage[]> {
  const stored = await fetchTemplates(client, [...new Set(names)]);
  const missing = names.filter((name) => !stored.has(name));
  if (missing.length > 0) {
    const quoted = missing.map((name) => `"${name}"`).join(', ');
    throw await notFound(
      client,
      missing,
      `${missing.length === 1 ? 'there is no template' : 'there are no templates'} ${quoted}`,
    );
  }
  return names.flatMap((name) => stored.get(name) ?? []);
}

async function atRevision(client: RegistryClient, name: string, revision: string): Promise<AppImage> {
  const response = await withNameGuess(client, name, async () =>
    client.call('getRevision', { header: undefined, name, ...readRevision(revision) }),
  );
  const appImage = response.revision?.appImage;
  if (appImage === undefined) {
    throw new CliError('FAILED', `revision ${revision} of "${name}" is a delete and has no content`, {
      hint: `see \`appimagectl history ${name}\``,
    });
  }
  return appImage;
}

async function write(
  client: RegistryClient,
  templates: readonly AppImage[],
  isOne: boolean,
  { output }: GetFlags,
  { terminal }: CliContext,
): Promise<void> {
  const [first] = templates;
  if (isDocumentFormat(output)) {
    const json =
      isOne && first !== undefined
        ? apiJson(first)
        : `{"kind":"AppImageList","items":[${templates.map(apiJson).join(',')}]}`;
    if (output === 'json') {
      terminal.out(prettyJson(json));
    } else {
      writeDocument(terminal, output, exactValue(json));
    }
  } else if (output === 'manifest') {
    terminal.out(templates.map(writeManifest).join('---\n'));
  } else if (output === 'name') {
    terminal.out(templates.map(({ name }) => `appimage/${name}\n`).join(''));
  } else if (first === undefined) {
    terminal.say('There are no templates.');
  } else if (output === 'wide') {
    const rows = await forEachAtOnce(templates, async (appImage) => wideRow(client, appImage));
    terminal.out(formatTable([...HEADERS, 'REVISION', 'TAGS', 'UPDATED', 'BY', 'LABELS'], rows, terminal.width));
  } else {
    terminal.out(formatTable(HEADERS, templates.map(row), terminal.width));
  }
}

const HEADERS = ['NAME', 'IMAGE', 'ROLES', 'CONTAINERS', 'CONFIGS'];

function row({ name, image, deployTemplates, configTemplates }: AppImage): string[] {
  const roles = [...new Set(deployTemplates.map(({ role }) => role || '-'))];
  const containers = new Set(deployTemplates.flatMap((one) => one.containers.map((container) => container.name)));
  return [
    name,
    `${image?.name ?? ''}${image?.tag ? `:${image.tag}` : ''}`,
    roles.join(','),
    String(containers.size),
    String(configTemplates.size),
  ];
}

async function wideRow(client: RegistryClient, appImage: AppImage): Promise<string[]> {
  const revision = await newestRevision(client, appImage.name);
  return [
    ...row(appImage),
    String(revision?.revision ?? '-'),
    revision?.tags.join(',') ?? '-',
    revision?.createTime?.toISOString().replace(/\.\d+Z$/, 'Z') ?? '-',
    revision?.tokenName ?? '-',
    [...appImage.labels].map(([key, value]) => `${key}=${value}`).join(','),
  ];
}

/** A template may have been deleted since it was listed. */
async function newestRevision(client: RegistryClient, name: string): Promise<Revision | undefined> {
  try {
    return (await client.call('getRevision', { header: undefined, name, revision: 0n, tag: '' })).revision;
  } catch (error) {
    if (isNotFound(error)) {
      return undefined;
    }
    throw error;
  }
}
