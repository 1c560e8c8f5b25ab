import { Command, Option } from 'commander';
import { readVersion } from '../config/version.js';
import type { CliContext } from './cli-context.js';
import { addExamples } from './command-help.js';
import { defineApplyCommand } from './commands/apply.js';
import { defineCompareCommand } from './commands/compare.js';
import { defineCompletionCommand } from './commands/completion.js';
import { defineContextCommand } from './commands/context.js';
import { defineDeleteCommand } from './commands/delete.js';
import { defineDiffCommand } from './commands/diff.js';
import { defineDoctorCommand } from './commands/doctor.js';
import { defineEditCommand } from './commands/edit.js';
import { defineExportCommand } from './commands/export.js';
import { defineGetCommand } from './commands/get.js';
import { defineHistoryCommand } from './commands/history.js';
import { defineImportCommand } from './commands/import.js';
import { defineLintCommand } from './commands/lint.js';
import { defineRenderCommand } from './commands/render.js';
import { defineRollbackCommand } from './commands/rollback.js';
import { defineSchemaCommand } from './commands/schema.js';
import { defineTagCommand } from './commands/tag.js';
import { defineVersionCommand } from './commands/version.js';
import { defineWatchCommand } from './commands/watch.js';
import { EXIT_CODES } from './exit-codes.js';

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['APPIMAGECTL_TOKEN', 'the token itself; goes before --token-file'],
  ['APPIMAGECTL_SERVER, _CA, _CERT, _KEY, _TOKEN_FILE,', ''],
  ['  _TLS_SERVER_NAME, _TIMEOUT, _INSECURE_PLAINTEXT', 'as the flags of these names'],
  ['APPIMAGECTL_CONTEXT', 'name of the context, as --context'],
  ['APPIMAGECTL_CONFIG', 'file of the contexts (default: ~/.config/appimagectl/config.yaml)'],
  ['NO_COLOR', 'no colours, whatever its value'],
  ['APPIMAGECTL_EDITOR, KUBE_EDITOR, VISUAL, EDITOR', 'the editor of `edit`'],
];

/** The whole command line, as a tree of commands; `context` is what they work with. */
export function buildProgram(context: CliContext): Command {
  const program = new Command('appimagectl')
    .description(
      'Registers, checks and follows application image templates (Kuscia AppImages) in a registry, over gRPC with mutual TLS.',
    )
    .version(readVersion(), '-V, --version', 'print the version of this command line and end')
    .helpOption('-h, --help', 'print help and end')
    .configureHelp({ showGlobalOptions: true, helpWidth: helpWidth(context) })
    .configureOutput({
      writeOut: (text) => context.terminal.out(text),
      writeErr: (text) => context.terminal.say(text),
      outputError: (text, write) => write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('See `appimagectl --help`, or `appimagectl COMMAND --help` with examples.')
    .exitOverride();
  addGlobalOptions(program);
  program.commandsGroup('Templates from files:');
  for (const define of [defineApplyCommand, defineDiffCommand, defineLintCommand, defineRenderCommand]) {
    define(program, context);
  }
  program.commandsGroup('Templates in the registry:');
  for (const define of [
    defineGetCommand,
    defineEditCommand,
    defineDeleteCommand,
    defineHistoryCommand,
    defineRollbackCommand,
    defineTagCommand,
    defineWatchCommand,
  ]) {
    define(program, context);
  }
  program.commandsGroup('Whole registries:');
  for (const define of [defineExportCommand, defineImportCommand, defineCompareCommand]) {
    define(program, context);
  }
  program.commandsGroup('Connection and program:');
  for (const define of [
    defineDoctorCommand,
    defineContextCommand,
    defineCompletionCommand,
    defineSchemaCommand,
    defineVersionCommand,
  ]) {
    define(program, context);
  }
  program.helpCommand('help [command]', 'print the help of a command');
  addExamples(program, [
    [
      'Check manifests, see what they would change, and apply them',
      'appimagectl lint -f manifests/ && appimagectl diff -f manifests/',
    ],
    ['Apply them, saying why', 'appimagectl apply -f manifests/ --message "PSI 0.6"'],
    ['Where the connection fails: what is at fault, and what to do', 'appimagectl doctor'],
  ]);
  program.addHelpText('after', () => `\n${connectionHelp()}\n\n${environmentHelp()}\n\n${exitCodeHelp()}`);
  return program;
}

function addGlobalOptions(program: Command): void {
  program.optionsGroup('Connection options, for every command:');
  program
    .addOption(new Option('--context <name>', 'use this connection of those that `appimagectl context` keeps'))
    .addOption(new Option('--server <host:port>', 'gRPC address of the registry (default: localhost:8083)'))
    .addOption(new Option('--ca <file>', "certificate of the CA that the server's certificate is of"))
    .addOption(new Option('--cert <file>', 'client certificate'))
    .addOption(new Option('--key <file>', 'key of the client certificate'))
    .addOption(new Option('--token-file <file>', 'file that holds the token'))
    .addOption(
      new Option(
        '--token <token>',
        'the token itself; other users of this machine can see it in the list of processes',
      ),
    )
    .addOption(
      new Option('--tls-server-name <name>', "name that the server's certificate bears, where it is not the host"),
    )
    .addOption(new Option('--timeout <time>', 'deadline of every call, e.g. 500ms, 30s, 2m (default: 30s)'))
    .addOption(new Option('--insecure-plaintext', 'no TLS; for a server that runs with NOTLS'))
    .addOption(new Option('--color <when>', 'colours: auto, always or never').choices(['auto', 'always', 'never']))
    .addOption(new Option('--no-color', 'no colours'));
  program.optionsGroup('Options:');
}

function connectionHelp(): string {
  return [
    'Connection: each setting is taken from its flag, else from its environment variable, else from the context in',
    'force (a context that --context names goes before the variables), else from ./certs, which `make run` fills.',
  ].join('\n');
}

function environmentHelp(): string {
  return `Environment:\n${ENVIRONMENT.map(([name, what]) => `  ${name.padEnd(52)}${what}`.trimEnd()).join('\n')}`;
}

function exitCodeHelp(): string {
  return `Exit codes:\n${Object.values(EXIT_CODES)
    .map(({ code, meaning }) => `  ${code}  ${meaning}`)
    .join('\n')}`;
}

function helpWidth({ terminal }: CliContext): number {
  return Math.min(terminal.width ?? 100, 120);
}
