import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { COMMAND_FLAGS } from '../../src/config/command-line.js';
import { CONFIG_FILE_VARIABLE } from '../../src/config/environment.js';
import { environmentName, flagName, isOptionKey, OPTION_KEYS, optionOf } from '../../src/config/options.js';
import { ERRORS } from '../../src/domain/errors.js';
import { HTTP_STATUS } from '../../src/transport/http/http-status.js';
import { type MongoTestDatabase, mongoTestDatabase } from '../support/mongo-test-database.js';
import { ServerProcess } from '../support/server-process.js';

const root = join(import.meta.dirname, '../..');
const PAGES = ['README.md', 'README.zh-CN.md'] as const;

interface CodeBlock {
  /** What the comment before the block says of it: `run`, `serve`, `printed` or `answer`, with what it needs behind a colon. */
  readonly mark: string;
  readonly language: string;
  readonly code: string;
}

function page(name: string): string {
  return readFileSync(join(root, name), 'utf8');
}

function codeBlocks(text: string): CodeBlock[] {
  return [...text.matchAll(/^(?:<!-- ([^\n]*) -->\n)?```(\w+)\n(.*?)^```$/gms)].map(
    ([, mark = '', language = '', code = '']) => ({ mark, language, code }),
  );
}

function prose(text: string): string {
  return text.replaceAll(/^```.*?^```$/gms, '');
}

function headings(text: string): string[] {
  return [...prose(text).matchAll(/^(#+) (.+)$/gm)].map(([heading]) => heading);
}

/** The anchor that GitHub gives a heading. */
function anchor(heading: string): string {
  return heading
    .replace(/^#+ /, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** The cells of every table row whose first cell matches. */
function tableRows(text: string, first: RegExp): string[][] {
  return [...prose(text).matchAll(/^\| (.+) \|$/gm)]
    .map(([, row = '']) => row.split(' | '))
    .filter(([cell = '']) => first.test(cell));
}

function codeSpans(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

/** What a command answers whose answer the page leaves out. */
const SUCCESS: unknown = expect.objectContaining({ status: expect.objectContaining({ message: 'success' }) });

describe('README.md, followed from top to bottom in one folder', () => {
  const blocks = codeBlocks(page('README.md'));
  const setup = blocks.find(({ mark }) => mark === 'run: setup')?.code ?? '';
  const mongo = inject('mongo');
  const hasGrpcurl = spawnSync('grpcurl', ['-version']).status === 0;
  let folder: string;
  let server: ServerProcess | undefined;
  let database: MongoTestDatabase | undefined;

  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'appimage-readme-')));
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  function running(): ServerProcess {
    if (server === undefined) {
      throw new Error('no server runs; its block did not start one');
    }
    return server;
  }

  /** What differs here from the default: ports and folder. */
  function substitutions(): [documented: string, here: string][] {
    const { origin, grpcAddress, adminOrigin } = running();
    return [
      ['localhost:8082', origin.replace('https://', '')],
      ['localhost:8083', grpcAddress],
      ['127.0.0.1:9091', adminOrigin.replace('http://', '')],
      ['/home/me/appimage-service', folder],
    ];
  }

  /** Starts the server in the place of the one before, and gives what it says of its readiness. */
  async function serve(command: string): Promise<string> {
    await server?.end();
    const flags = /ARGS="(.*)"/.exec(command)?.[1]?.split(' ') ?? [];
    server = await ServerProcess.start(['--init-certs', ...flags], { cwd: folder });
    return (await fetch(`${server.adminOrigin}/readyz`)).text();
  }

  async function serveOnMongo(command: string): Promise<string> {
    if (!('url' in mongo)) {
      throw new Error(mongo.unavailable);
    }
    database = mongoTestDatabase(mongo.url);
    writeFileSync(join(folder, 'mongodb.uri'), `${database.url}\n`, { mode: 0o600 });
    return serve(command);
  }

  /** Runs a command as it stands but for ports and folder. Rejects where any part of it fails. */
  async function run(command: string): Promise<string> {
    const here = substitutions().reduce((text, [from, to]) => text.replaceAll(from, to), setup + command);
    return (await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', here], { cwd: folder })).stdout;
  }

  /** What the server printed, with the ports and the folder of the page. */
  async function printed(): Promise<string> {
    await expect.poll(() => running().errorOutput()).toContain(" -d '");
    return substitutions().reduce((text, [to, from]) => text.replaceAll(from, to), running().errorOutput());
  }

  for (const [index, { mark, code }] of blocks.entries()) {
    const following = blocks[index + 1];
    const answer = following?.mark === 'answer' ? following : undefined;
    const read = (output: string): unknown => (answer?.language === 'text' ? output.trim() : JSON.parse(output));
    const expected = answer === undefined ? SUCCESS : read(answer.code);
    const title = code.split('\n')[0] ?? '';
    switch (mark) {
      case 'serve':
        it(`serves by: ${title}`, async () => expect(await serve(code)).toBe('ok\n'));
        break;
      case 'serve: mongodb':
        it.skipIf('unavailable' in mongo)(`serves on MongoDB by: ${title}`, async () =>
          expect(await serveOnMongo(code)).toBe('ok\n'),
        );
        break;
      case 'printed':
        it('shows what the server prints, and the command in it works', async () => {
          const shown = (await printed()).trim();
          expect(shown).toBe(code.trim());
          expect(read(await run(shown.slice(shown.indexOf('curl '))))).toEqual(expected);
        });
        break;
      case 'run':
      case 'run: grpcurl':
        it.skipIf(mark.endsWith('grpcurl') && !hasGrpcurl)(`is answered as documented: ${title}`, async () =>
          expect(read(await run(code))).toEqual(expected),
        );
        break;
      case 'run: silent':
        it(`runs, and prints nothing: ${title}`, async () => expect(await run(code)).toBe(''));
        break;
      case '':
      case 'run: setup':
      case 'answer':
        break;
      default:
        throw new Error(`README.md has a block marked ${mark}, which is not known here`);
    }
  }
});

describe.each(PAGES)('%s', (name) => {
  const text = page(name);

  it('links only to files and headings that there are', () => {
    const links = [...prose(text).matchAll(/\]\((?!https?:)([^)#]*)#?([^)]*)\)/g)];
    expect(links.length).toBeGreaterThan(10);
    const broken = links.filter(([, file = '', fragment = '']) => {
      const target = file === '' ? name : file;
      return (
        !existsSync(join(root, target)) || (fragment !== '' && !headings(page(target)).map(anchor).includes(fragment))
      );
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });

  it('has every error code with its HTTP status, and no other', () => {
    const documented = tableRows(text, /^\d/).flatMap(([codes = '', statuses = '']) =>
      codes.split(', ').flatMap((code) => statuses.split(', ').map((status) => `${code} ${status}`)),
    );
    const known = Object.entries(ERRORS).map(
      ([reason, { code }]) =>
        `${code} ${Object.entries(HTTP_STATUS).find(([each]) => each === reason)?.[1] ?? 'unknown'}`,
    );
    expect(new Set(documented)).toEqual(new Set(known));
  });

  it('has settings that there are, with their defaults', () => {
    const rows = tableRows(text, /^`[a-z]\w+`(, `\w+`)*$/).filter(([names = '']) =>
      codeSpans(names).some((each) => isOptionKey(each)),
    );
    expect(rows.length).toBeGreaterThan(8);
    const documented = rows.flatMap(([names = '', defaults = '']) =>
      codeSpans(names).map((each, index) => [each, codeSpans(defaults)[index]]),
    );
    const known = documented.map(([each = '']) => {
      const standard = isOptionKey(each) ? optionOf(each).default : undefined;
      return [each, standard?.kind === 'plain' ? standard.value?.toString() : undefined];
    });
    expect(documented).toEqual(known);
  });

  it('names only flags, variables and settings that there are', () => {
    const commands = codeBlocks(text).map(({ code }) => code);
    const args = [...commands, ...codeSpans(prose(text))].flatMap((code) =>
      [...code.matchAll(/ARGS="([^"]*)"|^(--.*)|main\.js (--.*)/gm)].map((match) => match.slice(1).join('')),
    );
    const flags = args.flatMap((each) => [...each.matchAll(/--([a-z-]+)/g)].map(([, flag = '']) => flag));
    expect(flags.length).toBeGreaterThan(5);
    expect(flags.filter((flag) => !knownFlags.has(flag))).toEqual([]);
    const variables = [...text.matchAll(/\bAPPIMAGE_[A-Z_]+/g)].map(([variable]) => variable);
    expect(variables.length).toBeGreaterThan(0);
    expect(variables.filter((variable) => !knownVariables.has(variable))).toEqual([]);
    const settings = codeSpans(prose(text))
      .map((code) => code.split(':')[0] ?? '')
      .filter((code) => /^[a-z]+(?:[A-Z][a-z]+)+$/.test(code));
    // Names of the API and of MongoDB.
    const others = new Set(['batchQuery', 'fieldValidation', 'readWrite']);
    expect(settings.length).toBeGreaterThan(10);
    expect(settings.filter((setting) => !isOptionKey(setting) && !others.has(setting))).toEqual([]);
  });
});

const knownFlags = new Set([...OPTION_KEYS.map(flagName), ...Object.keys(COMMAND_FLAGS)]);
const knownVariables = new Set([...OPTION_KEYS.map(environmentName), CONFIG_FILE_VARIABLE]);

describe('the READMEs in English and Chinese', () => {
  const [english, chinese] = [page('README.md'), page('README.zh-CN.md')];

  it('have the same code, but for its comments', () => {
    const withoutComments = (block: CodeBlock): CodeBlock => ({
      ...block,
      code: ['go', 'java'].includes(block.language) ? block.code.replaceAll(/^\s*\/\/.*\n/gm, '') : block.code,
    });
    expect(codeBlocks(chinese).map(withoutComments)).toEqual(codeBlocks(english).map(withoutComments));
  });

  it('have the same outline', () => {
    const levels = (text: string) => headings(text).map((heading) => heading.split(' ')[0]);
    expect(levels(chinese)).toEqual(levels(english));
  });

  it('link to the same pages', () => {
    const targets = (text: string) =>
      [...prose(text).matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, target]) => target).filter((each) => !isReadme(each));
    expect(targets(chinese)).toEqual(targets(english));
  });

  it('have tables of the same size', () => {
    const sizes = (text: string) => tableRows(text, /./).map((cells) => cells.length);
    expect(sizes(chinese)).toEqual(sizes(english));
  });
});

function isReadme(target: string | undefined): boolean {
  return PAGES.some((name) => name === target);
}

describe('the snippets in other languages', () => {
  const sources: Readonly<Record<string, string>> = {
    go: 'interop/go/main.go',
    python: 'interop/python/client.py',
    java: 'interop/java/src/main/java/InteropClient.java',
  };

  it.each(Object.entries(sources))('are lines of the client that the tests run, in its order: %s', (language, file) => {
    const snippet = codeBlocks(page('README.md')).find((block) => block.language === language)?.code ?? '';
    const lines = snippet
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('//'));
    expect(lines.length).toBeGreaterThan(5);
    const source = page(file)
      .split('\n')
      .map((line) => line.trim());
    let from = 0;
    const missing = lines.filter((line) => {
      const at = source.indexOf(line, from);
      from = at < 0 ? from : at + 1;
      return at < 0;
    });
    expect(missing).toEqual([]);
  });
});
