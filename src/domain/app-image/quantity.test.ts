import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareQuantities, parseQuantity, QUANTITY_OR_EMPTY, type Quantity } from './quantity.js';

function quantity(text: string): Quantity {
  const parsed = parseQuantity(text);
  if (parsed === undefined) {
    throw new Error(`${text} is no quantity`);
  }
  return parsed;
}

const DECIMAL = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 } as const;
const BINARY = { Ki: 1, Mi: 2, Gi: 3, Ti: 4, Pi: 5, Ei: 6 } as const;

/** A quantity as text and its amount in units of 10^-30, worked out apart from the code under test. */
const spelling = fc
  .record({
    negative: fc.boolean(),
    integer: fc.stringMatching(/^[0-9]{1,12}$/),
    fraction: fc.stringMatching(/^[0-9]{0,9}$/),
    unit: fc.oneof(
      fc.constantFrom(...Object.entries(DECIMAL)).map(([suffix, power]) => ({ suffix, power, factor: 1n })),
      fc
        .constantFrom(...Object.entries(BINARY))
        .map(([suffix, power]) => ({ suffix, power: 0, factor: 1024n ** BigInt(power) })),
      fc.integer({ min: -12, max: 12 }).map((power) => ({ suffix: `e${power}`, power, factor: 1n })),
    ),
  })
  .map(({ negative, integer, fraction, unit }) => ({
    text: `${negative ? '-' : ''}${integer}${fraction === '' ? '' : `.${fraction}`}${unit.suffix}`,
    amount:
      BigInt(integer + fraction) *
      (negative ? -1n : 1n) *
      unit.factor *
      10n ** BigInt(30 + unit.power - fraction.length),
  }));

describe('parseQuantity', () => {
  it.each([
    '0',
    '1',
    '500m',
    '0.5',
    '.5',
    '1.',
    '1.G',
    '+1',
    '-1',
    '1e3',
    '1E3',
    '1E',
    '1Ei',
    '1e-3',
    '1E+6',
    '100Mi',
    '12n',
    '3u',
    '1.5Gi',
  ])('reads %s', (text) => {
    expect(parseQuantity(text)).toBeDefined();
  });

  it.each([
    '',
    '.',
    '+',
    'Mi',
    '1K',
    '1g',
    '1MB',
    '1 Mi',
    ' 1',
    '1\n',
    '1.1.1',
    '1i',
    '0.1mi',
    '--1',
    '1e',
    '1e1.5',
    '1e3Mi',
    '0x10',
    'Infinity',
    'NaN',
    '１',
    '1e100',
    '1e-100',
    `1e${'9'.repeat(60)}`,
    '9'.repeat(65),
  ])('refuses %j', (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  });
});

describe('compareQuantities', () => {
  it.each([
    ['1000m', '1', 0],
    ['1Ki', '1024', 0],
    ['1k', '1Ki', -1],
    ['1Gi', '1024Mi', 0],
    ['0.1', '100m', 0],
    ['1e3', '1k', 0],
    ['1E', '1e18', 0],
    ['-0', '0', 0],
    ['-1', '1n', -1],
    ['10000T', '100Gi', 1],
    ['0.1n', '0.2n', -1],
    ['9007199254740993', '9007199254740992', 1],
  ] as const)('holds %s against %s', (a, b, expected) => {
    expect(compareQuantities(quantity(a), quantity(b))).toBe(expected);
    expect(compareQuantities(quantity(b), quantity(a))).toBe(expected === 0 ? 0 : -expected);
  });

  it('agrees with exact arithmetic, and so is a total order', () => {
    fc.assert(
      fc.property(spelling, spelling, (a, b) => {
        const expected = a.amount < b.amount ? -1 : a.amount > b.amount ? 1 : 0;
        expect(compareQuantities(quantity(a.text), quantity(b.text))).toBe(expected);
      }),
    );
  });

  it('takes little time for the longest texts and the largest exponents', () => {
    const largest = quantity(`${'9'.repeat(61)}e99`);
    const smallest = quantity(`0.${'0'.repeat(57)}1e-99`);
    expect(compareQuantities(largest, smallest)).toBe(1);
  });
});

describe('QUANTITY_OR_EMPTY', () => {
  it('allows no quantity at all, and zero', () => {
    expect(['', '0', '-0', '0.0Mi'].every((text) => QUANTITY_OR_EMPTY.allows(text))).toBe(true);
  });

  it('refuses negative amounts', () => {
    expect(QUANTITY_OR_EMPTY.allows('-1m')).toBe(false);
    expect(QUANTITY_OR_EMPTY.explain('-1m')).toContain('is negative');
  });

  it.each([
    ['512MB', '512M'],
    ['512MiB', '512Mi'],
    ['1gb', '1G'],
    ['1g', '1G'],
    ['2 GiB', '2Gi'],
    ['100K', '100k'],
    ['100ki', '100Ki'],
  ])('guesses that %s means %s', (text, guess) => {
    expect(QUANTITY_OR_EMPTY.allows(text)).toBe(false);
    expect(QUANTITY_OR_EMPTY.explain(text)).toContain(`did you mean "${guess}"?`);
  });

  it('has no guess for anything else', () => {
    expect(QUANTITY_OR_EMPTY.explain('plenty')).not.toContain('did you mean');
  });
});
