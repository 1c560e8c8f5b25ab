import { describe, expect, it } from 'vitest';
import { compileSchema } from './compile-schema.js';

describe('compileSchema', () => {
  it('makes a function that names every fault, with the value beside it', () => {
    const validate = compileSchema({ type: 'object', properties: { a: { type: 'string' }, b: { type: 'integer' } } });
    expect(validate({ a: 1, b: 'x' })).toBe(false);
    expect(validate.errors?.map(({ instancePath, data }) => [instancePath, data])).toEqual([
      ['/a', 1],
      ['/b', 'x'],
    ]);
  });

  it('refuses a schema with a keyword that there is not', () => {
    expect(() => compileSchema({ typ: 'string' })).toThrow('unknown keyword: "typ"');
  });
});
