import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CliContext, GlobalFlags } from '../cli-context.js';
import { CliError } from '../cli-error.js';
import { addExamples } from '../command-help.js';
import { readDuration, resolveContext } from '../connection.js';
import {
  CONTEXT_KEYS,
  type ContextKey,
  type ContextSettings,
  contextFilePath,
  contextNamed,
  readContextFile,
  writeContextFile,
} from '../context-file.js';
import { document, formatTable, isDocumentFormat, outputOption, writeDocument } from '../output.js';

const NAME = /^[\w.@-]{1,63}$/;

/** `context`: the named connections of a user. */
export function defineContextCommand(program: Command, context: CliContext): void {
  const command = program
    .command('context')
    .summary('keep and choose named connections')
    .description(
      [
        'Keeps named connections in ~/.config/appimagectl/config.yaml (APPIMAGECTL_CONFIG names another file), and chooses the one in force.',
        'A context holds paths of files, never a token or a key itself.',
      ].join(' '),
    );
  defineAdd(command, context);
  defineUse(command, context);
  defineList(command, context);
  defineRemove(command, context);
  addExamples(command, [
    [
      'Keep a connection; the connection options are what is kept',
      'appimagectl context add prod --server apps.example.com:8083 --ca ca.crt --cert me.crt --key me.key --token-file token',
    ],
    ['Use it from now on', 'appimagectl context use prod'],
    ['Use it once', 'appimagectl get --context prod'],
  ]);
}

function defineAdd(parent: Command, context: CliContext): void {
  const command = parent
    .command('add')
    .argument('<name>', 'name of the context')
    .summary('keep a connection under a name')
    .description(
      'Keeps the connection options of this command line under a name; a context of that name is replaced. The first one is in force at once.',
    )
    .option('--use', 'make it the one in force')
    .action((name: string, flags: { readonly use?: boolean }, self: Command) => {
      const given = self.optsWithGlobals<GlobalFlags>();
      if (!NAME.test(name)) {
        throw new CliError('USAGE', `"${name}" is no name for a context`, {
          hint: 'use 1 to 63 letters, digits and any of . _ - @',
        });
      }
      if (given.token !== undefined) {
        throw new CliError('USAGE', 'a context holds no token', {
          hint: 'put it into a file, and name that with --token-file',
        });
      }
      const settings = settingsOf(given, context.cwd);
      if (settings.server === undefined) {
        throw new CliError('USAGE', 'a context needs a server', { hint: 'give it with --server host:port' });
      }
      const file = readContextFile(contextFilePath(context.env));
      const isNew = !file.contexts.has(name);
      const current = flags.use === true ? name : (file.current ?? name);
      const written = { path: file.path, current, contexts: new Map([...file.contexts, [name, settings]]) };
      writeContextFile(written);
      // Tells at once of what could not be followed later.
      resolveContext(name, context.env, context.cwd);
      context.terminal.say(
        `Context "${name}" ${isNew ? 'added to' : 'replaced in'} ${file.path}${current === name ? '; it is in force' : ''}.`,
      );
    });
  addExamples(command, [
    [
      'A server with mutual TLS and a token',
      'appimagectl context add lab --server lab:8083 --ca lab/ca.crt --cert lab/client.crt --key lab/client.key --token-file lab/token --use',
    ],
    [
      'A server without TLS on this machine',
      'appimagectl context add local --server localhost:8083 --insecure-plaintext',
    ],
  ]);
}

function settingsOf(flags: GlobalFlags, cwd: string): ContextSettings {
  if (flags.timeout !== undefined) {
    readDuration(flags.timeout, '--timeout');
  }
  const values: Partial<Record<ContextKey, string | boolean | undefined>> = {
    server: flags.server,
    ca: flags.ca,
    cert: flags.cert,
    key: flags.key,
    'token-file': flags.tokenFile,
    'tls-server-name': flags.tlsServerName,
    timeout: flags.timeout,
    'insecure-plaintext': flags.insecurePlaintext,
  };
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [
        key,
        CONTEXT_KEYS[key as ContextKey] === 'path' ? resolve(cwd, String(value)) : String(value),
      ]),
  );
}

function defineUse(parent: Command, context: CliContext): void {
  const command = parent
    .command('use')
    .argument('<name>', 'name of the context')
    .summary('choose the connection in force')
    .description('Makes a context the one in force, for every command that names no other.')
    .action((name: string) => {
      const file = readContextFile(contextFilePath(context.env));
      contextNamed(file, name);
      writeContextFile({ ...file, current: name });
      context.terminal.say(`Context "${name}" is in force.`);
    });
  addExamples(command, [['Work with the registry of production', 'appimagectl context use prod']]);
}

function defineList(parent: Command, context: CliContext): void {
  const command = parent
    .command('list')
    .alias('ls')
    .summary('list the connections')
    .description('Lists the contexts; the one in force is marked.')
    .addOption(outputOption(['table', 'json', 'yaml', 'name']))
    .action(({ output }: { readonly output: string }) => {
      const { terminal, env } = context;
      const { contexts, current, path } = readContextFile(contextFilePath(env));
      if (isDocumentFormat(output)) {
        const listed = [...contexts].map(([name, settings]) => ({ name, current: name === current, ...settings }));
        writeDocument(
          terminal,
          output,
          document('contexts', { file: path, current: current ?? null, contexts: listed }),
        );
      } else if (output === 'name') {
        terminal.out([...contexts.keys()].map((name) => `${name}\n`).join(''));
      } else if (contexts.size === 0) {
        terminal.say(`There is no context in ${path}; make one with \`appimagectl context add\`.`);
      } else {
        const rows = [...contexts].map(([name, settings]) => [
          name === current ? '*' : '',
          name,
          settings.server ?? '',
          settings['insecure-plaintext'] === 'true' ? 'none' : settings.cert === undefined ? 'TLS' : 'mutual TLS',
          settings['token-file'] ?? '',
        ]);
        terminal.out(formatTable(['', 'NAME', 'SERVER', 'SECURITY', 'TOKEN FILE'], rows, terminal.width));
      }
    });
  addExamples(command, [['The names alone, for a script', 'appimagectl context list -o name']]);
}

function defineRemove(parent: Command, context: CliContext): void {
  const command = parent
    .command('remove')
    .alias('rm')
    .argument('<name>', 'name of the context')
    .summary('forget a connection')
    .description('Forgets a context. Its files stay where they are.')
    .action((name: string) => {
      const file = readContextFile(contextFilePath(context.env));
      contextNamed(file, name);
      const contexts = new Map(file.contexts);
      contexts.delete(name);
      writeContextFile({ path: file.path, current: file.current === name ? undefined : file.current, contexts });
      context.terminal.say(`Context "${name}" is forgotten.`);
    });
  addExamples(command, [['Forget a registry that is gone', 'appimagectl context remove lab']]);
}
