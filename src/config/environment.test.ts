import { describe, expect, it } from 'vitest';
import { readEnvironment } from './environment.js';

describe('the environment', () => {
  it('gives settings, converted by the type in the table', () => {
    const { settings } = readEnvironment({
      APPIMAGE_HTTP_PORT: '1',
      APPIMAGE_INIT_CERTS: 'TRUE',
      APPIMAGE_EXTRA_NAMES: 'a, b',
      PATH: 'x',
    });
    expect(Object.fromEntries([...settings].map(([key, { value }]) => [key, value]))).toEqual({
      httpPort: 1,
      initCerts: true,
      extraNames: ['a', 'b'],
    });
    expect(settings.get('httpPort')?.source).toEqual({ kind: 'environment', name: 'APPIMAGE_HTTP_PORT' });
  });

  it('leaves a text that is no number as it is, for the check to refuse', () => {
    const { settings } = readEnvironment({
      APPIMAGE_HTTP_PORT: '0x10',
      APPIMAGE_GRPC_PORT: '1e3',
      APPIMAGE_ADMIN_PORT: ' ',
    });
    expect([...settings.values()].map(({ value }) => value)).toEqual(['0x10', '1e3', ' ']);
  });

  it('counts an empty variable as absent', () => {
    expect(readEnvironment({ APPIMAGE_TOKENS_FILE: '' }).settings.size).toBe(0);
  });

  it('warns of a variable that looks like a slip of the pen', () => {
    expect(readEnvironment({ APPIMAGE_HTPP_PORT: '1' }).warnings).toEqual([
      'environment variable APPIMAGE_HTPP_PORT is not a setting and is ignored; did you mean APPIMAGE_HTTP_PORT?',
    ]);
  });

  it('is silent about variables of others: Kubernetes services, desktop AppImages, and the configuration file', () => {
    const env = {
      APPIMAGE_SERVICE_HOST: '10.0.0.1',
      APPIMAGE_SERVICE_PORT_HTTP: '8082',
      APPIMAGE_PORT_8082_TCP: 'tcp://10.0.0.1:8082',
      APPIMAGE_HTTP_PORT_8082_TCP_ADDR: '10.0.0.1',
      APPIMAGE_EXTRACT_AND_RUN: '1',
      APPIMAGE_CONFIG: 'a.yaml',
    };
    expect(readEnvironment(env)).toEqual({ settings: new Map(), faults: [], warnings: [] });
  });
});
