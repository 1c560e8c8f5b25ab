import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';

export function defineRenderCommand(program: Command, _context: CliContext): void {
  program.command('render');
}
