import { describe, expect, it } from 'vitest';
import { serialiseError } from './serialise-error.js';

describe('an error in the log', () => {
  it('has its causes, codes and stack, and nothing else that a driver hangs on it', () => {
    const cause = Object.assign(new TypeError('refused'), { code: 'ECONNREFUSED', options: { password: 'hunter2' } });
    const error = new Error('the store is gone', { cause });
    const serialised = serialiseError(error);
    expect(serialised).toMatchObject({
      type: 'Error',
      message: 'the store is gone',
      cause: { type: 'TypeError', message: 'refused', code: 'ECONNREFUSED' },
    });
    expect(serialised.stack).toContain('serialise-error.test');
    expect(JSON.stringify(serialised)).not.toContain('hunter2');
  });

  it('has the first errors of an aggregate', () => {
    const errors = Array.from({ length: 9 }, (_, index) => new Error(`e${index}`));
    expect(serialiseError(new AggregateError(errors, 'all')).errors?.map(({ message }) => message)).toEqual([
      'e0',
      'e1',
      'e2',
      'e3',
      'e4',
    ]);
  });

  it('ends where a cause leads back to itself', () => {
    const error = new Error('a');
    error.cause = error;
    expect(JSON.stringify(serialiseError(error)).length).toBeLessThan(100_000);
  });

  it('does not show a thrown value that is no error, since it may be anything', () => {
    expect(serialiseError({ token: 'hunter2' })).toEqual({
      type: 'object',
      message: 'a value that is no error was thrown',
    });
    expect(serialiseError('gone')).toEqual({ type: 'string', message: 'gone' });
  });
});
