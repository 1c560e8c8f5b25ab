import { describe, expect, it } from 'vitest';
import { readCommandLine } from './command-line.js';

function values(...argv: string[]): Record<string, unknown> {
  const commandLine = readCommandLine(argv);
  expect(commandLine.faults).toEqual([]);
  return Object.fromEntries([...commandLine.settings].map(([key, { value }]) => [key, value]));
}

function faults(...argv: string[]): string[] {
  return readCommandLine(argv).faults.map(({ message }) => message);
}

describe('the command line', () => {
  it('takes a value behind the flag or an equals sign', () => {
    expect(values('--http-port', '1', '--grpc-port=2')).toEqual({ httpPort: 1, grpcPort: 2 });
  });

  it('switches what is on or off with the flag alone, its --no- form, or a value', () => {
    expect(values('--init-certs')).toEqual({ initCerts: true });
    expect(values('--no-init-certs')).toEqual({ initCerts: false });
    expect(values('--init-certs=false')).toEqual({ initCerts: false });
  });

  it('lets the last of repeated flags count, and lists grow', () => {
    expect(values('--host=a', '--host=b', '--extra-names=a, b', '--extra-names', 'c')).toEqual({
      host: 'b',
      extraNames: ['a', 'b', 'c'],
    });
  });

  it('does not take another flag for a value, unless it stands behind an equals sign', () => {
    expect(faults('--data-dir', '--init-certs')).toEqual(['flag --data-dir needs a value: the path of a folder']);
    expect(values('--data-dir=--odd')).toEqual({ dataDir: '--odd' });
  });

  it('says that a value is missing, at the end and behind an equals sign', () => {
    expect(faults('--data-dir')).toEqual(['flag --data-dir needs a value: the path of a folder']);
    expect(faults('--data-dir=', '--config')).toEqual([
      'flag --data-dir needs a value: the path of a folder',
      'flag --config needs a value: the path of a file',
    ]);
  });

  it('guesses what an unknown flag was meant to be', () => {
    expect(faults('--htpp-port=1', '--httpPort=1', '--quite-another-thing', '-x')).toEqual([
      'flag "--htpp-port" does not exist; did you mean --http-port?',
      'flag "--httpPort" does not exist; did you mean --http-port?',
      'flag "--quite-another-thing" does not exist; see --help',
      'flag "-x" does not exist; see --help',
    ]);
  });

  it('does not repeat what follows an unknown flag, since it may be a secret', () => {
    expect(faults('--api-token', 'hunter2', '--api-token=hunter2').join()).not.toContain('hunter2');
  });

  it('masks the password of a URL that stands where nothing is expected', () => {
    expect(faults('mongodb://app:hunter2@db')).toEqual([
      'argument "mongodb://app:***@db" is not expected; settings are given as --name=value',
    ]);
  });

  it('has no --no- form of what is not on or off', () => {
    expect(faults('--no-http-port', '--no-init-certs=true', '--help=yes')).toEqual([
      'flag --no-http-port does not exist: only what is on or off has a --no- form',
      'flag --no-init-certs takes no value',
      'flag --help takes no value',
    ]);
  });

  it('tells what is to be done', () => {
    const { help, version, printConfig, configFile } = readCommandLine([
      '--version',
      '--print-config',
      '--config',
      'a.yaml',
    ]);
    expect({ help, version, printConfig, configFile }).toEqual({
      help: false,
      version: true,
      printConfig: true,
      configFile: 'a.yaml',
    });
    expect(readCommandLine(['--help']).help).toBe(true);
  });
});
