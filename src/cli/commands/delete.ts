import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';

export function defineDeleteCommand(program: Command, _context: CliContext): void {
  program.command('delete');
}
