import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Whether a path is a pattern rather than a name. */
export function isGlob(path: string): boolean {
  return /[*?[{]/.test(path);
}

/**
 * The files that a pattern names, sorted: `*` and `?` within a name, `**` for folders of any depth, `[abc]`, `{a,b}`. As in a shell, names that
 * begin with a dot have to be asked for. (`fs.glob` is not in Node.js 20.)
 */
export function expandGlob(pattern: string, cwd: string): string[] {
  const isAbsolute = pattern.startsWith('/');
  const found = alternatives(pattern).flatMap((alternative) => {
    const parts = alternative.split('/').filter((part) => part !== '' && part !== '.');
    return walk(isAbsolute ? '/' : cwd, isAbsolute ? '/' : '', parts);
  });
  return [...new Set(found)].sort();
}

/** Takes braces apart: `a.{yaml,json}` is `a.yaml` and `a.json`. */
function alternatives(pattern: string): string[] {
  const match = /^(.*?)\{([^{}]*)\}(.*)$/s.exec(pattern);
  if (match === null) {
    return [pattern];
  }
  const [, before = '', inner = '', after = ''] = match;
  return inner.split(',').flatMap((choice) => alternatives(before + choice + after));
}

function walk(folder: string, shown: string, [part, ...rest]: readonly string[]): string[] {
  if (part === undefined) {
    return [];
  }
  const entries = entriesOf(folder);
  if (part === '**') {
    const deeper = entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .flatMap(({ name }) => walk(join(folder, name), join(shown, name), ['**', ...rest]));
    return [...walk(folder, shown, rest.length === 0 ? ['*'] : rest), ...deeper];
  }
  if (part === '..') {
    return walk(join(folder, '..'), join(shown, '..'), rest);
  }
  const matches = segmentMatcher(part);
  return entries
    .filter(({ name }) => matches(name))
    .flatMap((entry) => {
      const path = join(shown, entry.name);
      if (rest.length > 0) {
        return entry.isFile() ? [] : walk(join(folder, entry.name), path, rest);
      }
      return entry.isDirectory() ? [] : [path];
    });
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // As in a shell, what cannot be looked into matches nothing.
    return [];
  }
}

function segmentMatcher(part: string): (name: string) => boolean {
  const source = part.replaceAll(/\*+|\?|\[!?[^\]]+\]|[^*?[]+|\[/g, (token) => {
    if (token.startsWith('*')) {
      return '[^/]*';
    }
    if (token === '?') {
      return '[^/]';
    }
    if (token.length > 2 && token.startsWith('[')) {
      const inner = token.slice(1, -1).replaceAll('\\', '\\\\');
      return inner.startsWith('!') ? `[^${inner.slice(1)}]` : `[${inner}]`;
    }
    return token.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  });
  const expression = new RegExp(`^${source}$`, 'su');
  return (name) => expression.test(name) && (!name.startsWith('.') || part.startsWith('.'));
}
