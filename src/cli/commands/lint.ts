import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';

export function defineLintCommand(program: Command, _context: CliContext): void {
  program.command('lint');
}
