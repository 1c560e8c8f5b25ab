import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';

export function defineGetCommand(program: Command, _context: CliContext): void {
  program.command('get');
}
