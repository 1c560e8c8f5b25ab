import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from '../../src/observability/logger.js';
import { plainFields } from '../../src/observability/plain-fields.js';

/** Any UTF-16, halves of pairs included, with what JSON and masking care for more often than by chance. */
const hostileText = fc
  .array(
    fc.oneof(
      fc.nat(0xffff).map((unit) => String.fromCharCode(unit)),
      fc.constantFrom('"', '\\', '\n', '\u0000', '\u007f', '\u2028', '\ud800', '\udc00', '😀', '%s', 'x'.repeat(101)),
      fc.constantFrom('mongodb://', 'app:', 'hunter2@', '://', '?token=', '&password=', '@', ':', '/', ' '),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => pieces.join(''));
const url = fc.stringMatching(/^mongodb:\/\/[a-z]{0,3}:[a-z:@/]{1,5}@db\/(\?password=[a-z]{1,3})?$/);
const plainText = fc.stringMatching(/^[A-Za-z0-9 .:/_-]{0,40}$/);
const text = fc.oneof(plainText, hostileText, url);

const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('requestId', 'address', 'tokenName', 'appImage', 'code', 'durationMs') },
  { weight: 2, arbitrary: fc.constantFrom('customHeaders', 'reason', 'err', 'msg', 'level', 'time', 'pid') },
  { weight: 1, arbitrary: fc.constantFrom('token', 'Authorization', 'x-api-key', 'set-cookie', 'password') },
  { weight: 1, arbitrary: fc.constantFrom('method', 'headers', 'socket', 'setHeader', 'toJSON', '__proto__', '1') },
  { weight: 1, arbitrary: hostileText },
);

const scalar = fc.oneof(
  text,
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constantFrom<unknown>(null, undefined, -0, 1e21, 1n, Symbol('x')),
);
const value = fc.oneof(
  { weight: 6, arbitrary: scalar },
  { weight: 1, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.dictionary(name, scalar, { maxKeys: 3 }) },
  { weight: 1, arbitrary: fc.array(fc.oneof(scalar, fc.dictionary(name, scalar, { maxKeys: 2 })), { maxLength: 3 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(
      new Date(0),
      new Date(Number.NaN),
      new Map([['a', 1]]),
      Object.create(null),
      Buffer.from('x'),
      new Error('mongodb://app:hunter2@db'),
      () => 'x',
      Object.defineProperty({}, 'hidden', { value: 1 }),
    ),
  },
);

const fields = fc.oneof(
  { weight: 8, arbitrary: fc.array(fc.tuple(name, value), { maxLength: 6 }).map((entries) => fromEntries(entries)) },
  { weight: 1, arbitrary: fc.constantFrom<object>(new Error('x'), [1, 'a'], new Date(0), Object.create({ code: 1 })) },
);

function fromEntries(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(entries);
}

type Write = (log: ReturnType<typeof createLogger>) => void;

/** The line that is written, or how logging fails: pino does not take everything for an object of fields. */
function outcome(
  write: Write,
  logger: (log: ReturnType<typeof createLogger>) => ReturnType<typeof createLogger>,
): string {
  const lines: string[] = [];
  try {
    write(logger(createLogger('trace', { write: (line) => lines.push(line) })));
  } catch (error) {
    lines.push(`thrown: ${String(error)}`);
  }
  return lines.join('|');
}

const asItComes: Parameters<typeof outcome>[1] = (log) => log;
/** The lines of a child are all written by pino itself. */
const byPino: Parameters<typeof outcome>[1] = (log) => log.child({});

describe('a plain line of the log', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 2, 3, 4, 5, 6), toFake: ['Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is the line that pino would write, whatever is logged', () => {
    const level = fc.constantFrom('trace', 'debug', 'info', 'warn', 'error', 'fatal');
    const message = fc.oneof({ weight: 5, arbitrary: text }, { weight: 1, arbitrary: fc.constant(undefined) });
    const parameters = fc.oneof(
      { weight: 5, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(scalar, { maxLength: 2 }) },
    );
    fc.assert(
      fc.property(level, fields, message, parameters, (method, object, msg, more) => {
        const write: Write = (log) => log[method as 'info'](object, msg, ...(more as []));
        expect(outcome(write, asItComes)).toBe(outcome(write, byPino));
      }),
      { numRuns: 3000 },
    );
  });

  it.each(['a', '', 'x'.repeat(300), 'say "no"'])(
    'is right where the fields are those of the line before, and again not: %j',
    (first) => {
      for (const tokenName of [first, first, 'other', first, '', 'other']) {
        const write: Write = (log) => log.info({ tokenName, role: first, code: 0 }, 'said');
        expect(outcome(write, asItComes)).toBe(outcome(write, byPino));
      }
    },
  );

  it('is the line that pino would write of a call, whatever the caller put into it', () => {
    const call = fc.record({
      requestId: text,
      transport: fc.constantFrom('http', 'grpc'),
      method: fc.constantFrom('CreateAppImage', 'none'),
      address: fc.oneof(fc.ipV4(), fc.ipV6(), text),
      certificateSubject: fc.option(text, { nil: undefined }),
      tokenName: text,
      role: fc.constantFrom('viewer', 'admin'),
      appImage: fc.option(text, { nil: undefined }),
      customHeaders: fc.option(fc.dictionary(name, text, { maxKeys: 2 }), { nil: undefined }),
      code: fc.nat(20_000),
      reason: fc.option(text, { nil: undefined }),
      err: fc.option(
        text.map((reason) => new Error(reason)),
        { nil: undefined, freq: 1 },
      ),
      durationMs: fc.double({ min: 0, noNaN: true }).map((ms) => Math.round(ms * 1000) / 1000),
      audit: fc.boolean(),
    });
    fc.assert(
      fc.property(call, (object) => {
        const write: Write = (log) => log.info(object, 'mutation');
        expect(outcome(write, asItComes)).toBe(outcome(write, byPino));
      }),
      { numRuns: 1000 },
    );
  });

  it('is put together without pino where it is a usual one', () => {
    expect(
      plainFields({
        requestId: 'a-1',
        address: '::ffff:10.0.0.1',
        subject: 'CN=é',
        headers: {},
        reason: undefined,
        ms: 1.5,
        audit: true,
      }),
    ).toBe(',"requestId":"a-1","address":"::ffff:10.0.0.1","subject":"CN=é","headers":{},"ms":1.5,"audit":true');
  });

  it.each([
    ['a secret', { token: 'a' }],
    ['a secret in a nested field', { headers: { token: 'a' } }],
    ['an error', { err: new Error('a') }],
    ['what must be escaped', { reason: 'a"b' }],
    ['half of a pair', { reason: 'a\ud800' }],
    ['no number', { ms: Number.NaN }],
    ['what pino takes for a request', { method: 'GET', headers: {}, socket: 'a' }],
    ['a date', { at: new Date(0) }],
    ['fields of a class', new Error('a')],
  ])('is left to pino where there is %s', (_, object) => {
    expect(plainFields(object)).toBeUndefined();
  });
});
