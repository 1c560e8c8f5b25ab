import { describe, expect, it } from 'vitest';
import { timeoutMs } from './timeout-header.js';

describe('a grpc-timeout', () => {
  it.each([
    ['2H', 7_200_000],
    ['3M', 180_000],
    ['10S', 10_000],
    ['250m', 250],
    ['2500u', 2],
    ['99999999n', 99],
    ['0S', 0],
    ['5 S', 5000],
    ['1S, 9S', 1000],
    ['-1S', 1000],
    ['123456789S', 2_147_483_647],
  ])('%s is %i ms', (header, ms) => {
    expect(timeoutMs(header)).toBe(ms);
  });

  it.each(['', 'soon', '10', 'S', '10s', '1.5', '10x'])('%j is none', (header) => {
    expect(timeoutMs(header)).toBeUndefined();
  });

  it('of more than a timer can run is as long as one can run, and not over at once', () => {
    expect(timeoutMs('99999999H')).toBe(2 ** 31 - 1);
    expect(timeoutMs('1000H')).toBe(2 ** 31 - 1);
  });
});
