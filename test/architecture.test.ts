import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** What a folder below `src/` may import from, besides itself; `gen` is generated code, `gen types` only its types. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  domain: ['gen types'],
  service: ['domain'],
  manifest: ['domain'],
  store: ['domain', 'observability types'],
  auth: ['domain', 'file-watch', 'json-schema', 'transport types'],
  'file-watch': [],
  'json-schema': [],
  observability: ['domain', 'file-watch types'],
  config: ['observability', 'domain', 'json-schema'],
  process: ['root', 'config', 'transport'],
  transport: ['service', 'domain', 'auth', 'observability', 'file-watch', 'gen'],
  // Of the transport a client shares the codecs, and nothing of the servers.
  cli: ['domain', 'manifest', 'gen', 'config', 'transport/wire'],
};

const root = resolve(import.meta.dirname, '..');

interface Import {
  readonly from: string;
  readonly to: string;
  /** Of the imported file, below the root of the repository. */
  readonly path: string;
  readonly file: string;
  readonly typeOnly: boolean;
}

function imports(): Import[] {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  );
  return files.flatMap((file) => {
    const source = readFileSync(join(root, 'src', file), 'utf8');
    return [...source.matchAll(/^(?:import|export)( type)?[^;]*? from '(\.[^']+)';/gms)].map(([, type, target]) => {
      const path = relative(root, resolve(root, 'src', dirname(file), target ?? ''));
      const to = path.startsWith('gen') ? 'gen' : path.split('/').length > 2 ? (path.split('/')[1] ?? '') : 'root';
      return {
        from: file.includes('/') ? (file.split('/')[0] ?? '') : 'root',
        to,
        path,
        file,
        typeOnly: type !== undefined,
      };
    });
  });
}

describe('layers', () => {
  it('import only what the architecture lets them', () => {
    const found = imports();
    expect(found.length).toBeGreaterThan(50);
    const broken = found.filter(({ from, to, path, typeOnly }) => {
      const allowed = ALLOWED[from];
      return (
        from !== to &&
        !allowed?.some((folder) => path.startsWith(`src/${folder}/`)) &&
        from !== 'root' &&
        allowed !== undefined &&
        !allowed.includes(to) &&
        !(typeOnly && allowed.includes(`${to} types`))
      );
    });
    expect(broken).toEqual([]);
  });

  it('are all listed', () => {
    const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).filter((name) => ALLOWED[name] === undefined)).toEqual([]);
  });
});
