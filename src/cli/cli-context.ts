import type { Command } from 'commander';
import { type ConnectionFlags, readCredentials, resolveConnection } from './connection.js';
import type { ExitName } from './exit-codes.js';
import { RegistryClient } from './registry-client.js';
import type { Terminal } from './terminal.js';

/** What every command has at hand. */
export interface CliContext {
  readonly terminal: Terminal;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** How the command ends, unless it throws. */
  exit: ExitName;
}

/** The flags that every command has. */
export interface GlobalFlags extends ConnectionFlags {
  readonly color?: string | false;
}

/**
 * Opens the connection that the command's flags, the environment and the contexts name. The caller disposes it.
 * @throws CliError USAGE
 */
export function connect(command: Command, { env, cwd, terminal }: CliContext): RegistryClient {
  const flags = command.optsWithGlobals<GlobalFlags>();
  if (flags.token !== undefined) {
    terminal.warn('--token shows the token to everyone who can list processes; use --token-file or APPIMAGECTL_TOKEN');
  }
  const settings = resolveConnection(flags, env, cwd);
  return new RegistryClient(settings, readCredentials(settings));
}
