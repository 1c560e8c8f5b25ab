import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ConfigError } from '../../src/config/config-error.js';
import { type LoadedConfig, loadConfig } from '../../src/config/load-config.js';
import { type Config, environmentName, flagName, OPTION_KEYS, optionOf } from '../../src/config/options.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appimage-config-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function file(text: string, name = 'appimage.yaml'): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function run(
  argv: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Extract<LoadedConfig, { kind: 'run' }>> {
  const loaded = await loadConfig(argv, env);
  if (loaded.kind !== 'run') {
    throw new Error(`expected to run, but it prints ${loaded.text}`);
  }
  return loaded;
}

async function printed(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const loaded = await loadConfig(argv, env);
  return loaded.kind === 'print' ? loaded.text : 'nothing was printed';
}

async function faults(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<readonly string[]> {
  try {
    await loadConfig(argv, env);
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.faults.map(({ message }) => message);
    }
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  it('has the defaults of the contract', async () => {
    const { config } = await run([]);
    expect(config).toMatchObject({
      httpPort: 8082,
      grpcPort: 8083,
      adminHost: '127.0.0.1',
      adminPort: 9091,
      protocol: 'MTLS',
      caFile: 'certs/ca.crt',
      certFile: 'certs/kusciaapi-server.crt',
      keyFile: 'certs/kusciaapi-server.key',
      tokenFile: 'certs/token',
      tokensFile: undefined,
      store: 'lmdb',
      dataDir: 'data',
      maxTemplateBytes: 1024 * 1024,
      httpErrorStatus: 'standard',
      shutdownGraceMs: 10_000,
    } satisfies Partial<Config>);
  });

  it('is frozen, lists included', async () => {
    const { config } = await run(['--extra-names=a']);
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.extraNames)).toBe(true);
  });

  it('takes a flag before the environment, that before the file, and that before the default', async () => {
    const path = file('httpPort: 1\ngrpcPort: 2\nadminPort: 3\n');
    const { config, sources } = await run(['--config', path, '--http-port=21'], {
      APPIMAGE_HTTP_PORT: '11',
      APPIMAGE_GRPC_PORT: '12',
    });
    expect([config.httpPort, config.grpcPort, config.adminPort, config.host]).toEqual([21, 12, 3, '::']);
    expect(sources.get('httpPort')).toEqual({ kind: 'flag', name: '--http-port' });
    expect(sources.get('grpcPort')).toEqual({ kind: 'environment', name: 'APPIMAGE_GRPC_PORT' });
    expect(sources.get('adminPort')).toEqual({ kind: 'file', path, line: 3 });
    expect(sources.get('host')).toEqual({ kind: 'default' });
  });

  it('reads the file that the environment names, unless a flag names another', async () => {
    const path = file('httpPort: 1\n');
    expect((await run([], { APPIMAGE_CONFIG: path })).config.httpPort).toBe(1);
    expect((await run(['--config', file('httpPort: 2\n', 'b.yaml')], { APPIMAGE_CONFIG: path })).config.httpPort).toBe(
      2,
    );
  });

  it('says that the file is missing', async () => {
    expect((await faults(['--config', join(folder, 'none.yaml')]))[0]).toContain(
      'the configuration file cannot be read: ENOENT',
    );
  });

  it('means the same by the words of a choice in any case, from every source', async () => {
    expect((await run(['--protocol=notls'])).config.protocol).toBe('NOTLS');
    expect((await run([], { APPIMAGE_PROTOCOL: 'Tls' })).config.protocol).toBe('TLS');
    expect((await run(['--config', file('protocol: mtls\nlogLevel: WARN\n')])).config).toMatchObject({
      protocol: 'MTLS',
      logLevel: 'warn',
    });
  });

  it('derives paths from the folder of certificates, from wherever that comes', async () => {
    expect((await run([], { APPIMAGE_CERTS_DIR: '/etc/appimage' })).config).toMatchObject({
      caFile: '/etc/appimage/ca.crt',
      tokenFile: '/etc/appimage/token',
    });
  });

  it('has no single token by default where everybody may call, or where a list of tokens is given', async () => {
    expect((await run(['--protocol=NOTLS'])).config.tokenFile).toBeUndefined();
    expect((await run(['--tokens-file=tokens.yaml'])).config.tokenFile).toBeUndefined();
    expect((await run(['--protocol=NOTLS', '--token-file=t'])).config.tokenFile).toBe('t');
    expect((await run(['--tokens-file=tokens.yaml', '--token-file=t'])).config.tokenFile).toBe('t');
  });

  it('is refused with all faults at once, each with the setting, its source, its value and what it may be', async () => {
    const path = file('httpPort: "80"\nhtpPort: 3\nmaxBodyBytes: 5\nextraNames: [a, "b c"]\ninitCerts:\n');
    expect(
      await faults(['--config', path, '--log-level', 'loud', '--no-such'], { APPIMAGE_GRPC_PORT: '70000' }),
    ).toEqual([
      'flag "--no-such" does not exist; see --help',
      `${path}:2 has the unknown setting "htpPort"; did you mean httpPort?`,
      `httpPort is "80" (${path}:1), and must be a port: a whole number from 0 to 65535`,
      'grpcPort is 70000 (environment APPIMAGE_GRPC_PORT), and must be a port: a whole number from 0 to 65535',
      `initCerts is null (${path}:5), and must be \`true\` or \`false\``,
      `extraNames is ["a","b c"] (${path}:4), and must be host names or IP addresses, separated by commas in a flag or the environment`,
      `maxBodyBytes is 5 (${path}:3), and must be a whole number of bytes from 1024 to 268435456`,
      'logLevel is "loud" (flag --log-level), and must be one of `trace`, `debug`, `info`, `warn`, `error`, `fatal`, `silent`',
    ]);
  });

  it('converts nothing behind the back of whoever wrote the file', async () => {
    const path = file('httpPort: 80.5\ngrpcPort: true\nhost: 5\ninitCerts: "true"\nstore: [lmdb]\nextraNames: a\n');
    expect(await faults(['--config', path])).toHaveLength(6);
  });

  it('lets a fault in a flag stand although another source gives a good value', async () => {
    expect(await faults(['--http-port=x'], { APPIMAGE_HTTP_PORT: '1' })).toEqual([
      'httpPort is "x" (flag --http-port), and must be a port: a whole number from 0 to 65535',
    ]);
  });

  it('refuses ports that are the same, but lets the system choose all of them', async () => {
    expect(await faults(['--http-port=9000', '--grpc-port=9000'])).toEqual([
      'httpPort and grpcPort are both 9000 (flag --http-port, flag --grpc-port), and must differ',
    ]);
    expect(await faults(['--http-port=9091'])).toEqual([
      'httpPort and adminPort are both 9091 (flag --http-port, default), and must differ',
    ]);
    expect(await faults(['--http-port=0', '--grpc-port=0', '--admin-port=0'])).toEqual([]);
  });

  it('refuses a template limit above the limit of a body', async () => {
    expect(await faults(['--max-body-bytes=65536'])).toEqual([
      'maxTemplateBytes is 1048576 (default), and must be at most maxBodyBytes, which is 65536 (flag --max-body-bytes)',
    ]);
  });
});

describe('the connection string of a store', () => {
  const uri = 'mongodb://app:hunter2@db.example:27017/appimage?replicaSet=rs0';

  it('may be given by flag, with a warning about its password', async () => {
    const { config, warnings } = await run(['--store', uri]);
    expect(config.store).toBe(uri);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('visible to every user');
    expect(warnings[0]).not.toContain('hunter2');
    expect((await run(['--store', 'mongodb://db.example/appimage'])).warnings).toEqual([]);
    expect((await run([], { APPIMAGE_STORE: uri })).warnings).toEqual([]);
  });

  it('may come from a file of its own', async () => {
    const path = file(`${uri}\n`, 'uri');
    const { config, sources } = await run(['--store-uri-file', path]);
    expect(config.store).toBe(uri);
    expect(sources.get('store')).toEqual({ kind: 'file', path, line: 1 });
  });

  it('is refused where that file is missing or holds something else, without its content', async () => {
    expect((await faults(['--store-uri-file', join(folder, 'none')]))[0]).toMatch(
      /^storeUriFile \(flag --store-uri-file\) cannot be read: ENOENT/,
    );
    const broken = await faults(['--store-uri-file', file('postgres://app:hunter2@db', 'uri')]);
    expect(broken).toHaveLength(1);
    expect(broken[0]).toContain('must be `lmdb`, `mongodb://...` or `mongodb+srv://...`');
    expect(broken[0]).not.toContain('hunter2');
  });

  it('is refused where it is given twice', async () => {
    expect(await faults(['--store-uri-file', file(uri, 'uri')], { APPIMAGE_STORE: 'lmdb' })).toEqual([
      'store and storeUriFile are both set (environment APPIMAGE_STORE, flag --store-uri-file); leave one of them out',
    ]);
  });

  it.each([
    ['a scheme that is none', 'mongdb://app:hunter2@db'],
    ['no scheme', 'app:hunter2@db'],
    ['a space', 'mongodb://app:hunter2@db oops'],
  ])('is never shown in a fault: %s', async (_, store) => {
    const [message] = await faults([], { APPIMAGE_STORE: store });
    expect(message).toContain('store (environment APPIMAGE_STORE) must be');
    expect(message).not.toContain('hunter2');
  });

  it('is printed with its secrets masked, and the print is refused as a file until they are back', async () => {
    const text = await printed(['--print-config'], { APPIMAGE_STORE: `${uri}&tlsCertificateKeyFilePassword=hunter2` });
    expect(text).toContain(
      'store: mongodb://app:***@db.example:27017/appimage?replicaSet=rs0&tlsCertificateKeyFilePassword=*** # environment APPIMAGE_STORE',
    );
    expect(text).not.toContain('hunter2');
    expect((await faults(['--config', file(text)]))[0]).toContain('where --print-config masked a secret');
  });

  it('is printed as a comment where it comes from a file of its own, so that the print can be used again', async () => {
    const text = await printed(['--print-config', '--store-uri-file', file(uri, 'uri')]);
    expect(text).toContain('\n# store: mongodb://app:***@');
    expect((await run(['--config', file(text)])).config.store).toBe(uri);
  });
});

/** Values that a setting may have, by its schema: what the table says is what the loader takes. */
function arbitraryValue(key: (typeof OPTION_KEYS)[number]): fc.Arbitrary<unknown> {
  const { kind, schema } = optionOf(key);
  const word = fc.stringMatching(/^[a-z][a-z0-9.]{0,10}$/);
  const { minimum, maximum } = schema;
  switch (kind) {
    case 'integer':
      return fc.integer({ min: Number(minimum), max: Math.min(Number(maximum), 2 ** 31 - 1) });
    case 'boolean':
      return fc.boolean();
    case 'choice':
      return fc.constantFrom(...(Array.isArray(schema['enum']) ? schema['enum'] : []));
    case 'list':
      return fc.array(word, { minLength: 1, maxLength: 3 });
    default:
      return key === 'store' ? fc.constantFrom('lmdb', 'mongodb://db/a', 'mongodb+srv://db/a?x=y') : word;
  }
}

/** Rules on several settings would refuse most random combinations. */
const INDEPENDENT_KEYS = OPTION_KEYS.filter(
  (key) => !['storeUriFile', 'maxBodyBytes', 'maxTemplateBytes', 'grpcPort', 'adminPort'].includes(key),
);

const arbitrarySettings = fc.record(Object.fromEntries(INDEPENDENT_KEYS.map((key) => [key, arbitraryValue(key)])), {
  requiredKeys: [],
});

describe('any settings', () => {
  const ports = { grpcPort: 0, adminPort: 0 };

  it('mean the same as flags, environment and file', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrarySettings, async (settings) => {
        const entries = Object.entries({ ...settings, ...ports });
        const fromFlags = (await run(entries.map(([key, value]) => `--${flagName(key)}=${String(value)}`))).config;
        const fromEnvironment = (
          await run([], Object.fromEntries(entries.map(([key, value]) => [environmentName(key), String(value)])))
        ).config;
        const fromFile = (await run(['--config', file(stringify({ ...settings, ...ports }))])).config;
        expect(fromFlags).toMatchObject(settings);
        expect(fromEnvironment).toEqual(fromFlags);
        expect(fromFile).toEqual(fromFlags);
      }),
      { numRuns: 50 },
    );
  });

  it('are in force again when their print is used as the file', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrarySettings, async (settings) => {
        const original = file(stringify({ ...settings, ...ports }));
        const { config } = await run(['--config', original]);
        const copy = file(await printed(['--config', original, '--print-config']), 'copy.yaml');
        expect((await run(['--config', copy])).config).toEqual(config);
      }),
      { numRuns: 50 },
    );
  });
});

describe('the commands', () => {
  it('--help shows every setting with its flag and variable, whatever else is wrong', async () => {
    const text = await printed(['--help', '--no-such-flag']);
    for (const key of OPTION_KEYS) {
      expect(text).toContain(flagName(key));
      expect(text).toContain(`[${environmentName(key)}]`);
    }
    expect(text.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });

  it('--version tells the version of the package', async () => {
    expect(await printed(['--version'])).toMatch(/^appimage-server \d+\.\d+\.\d+\n$/);
  });

  it('--print-config tells where each value came from', async () => {
    const text = await printed(['--print-config', '--http-port=0'], { APPIMAGE_HOST: '::1' });
    expect(text).toContain('httpPort: 0 # flag --http-port\n');
    expect(text).toContain('host: ::1 # environment APPIMAGE_HOST\n');
    expect(text).toContain('grpcPort: 8083 # default\n');
    expect(text).toContain('# tokensFile: not set\n');
  });

  it('--print-config is refused where the configuration is', async () => {
    expect(await faults(['--print-config', '--http-port=x'])).toHaveLength(1);
  });
});

describe('the error of a configuration', () => {
  it('lists its faults, one a line', async () => {
    await expect(loadConfig(['--http-port=x', '--grpc-port=y'], {})).rejects.toThrow(
      /^the configuration has 2 faults:\n {2}httpPort is "x".*\n {2}grpcPort is "y".*$/,
    );
  });
});
