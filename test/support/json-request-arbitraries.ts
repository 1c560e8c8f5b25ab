import fc from 'fast-check';

/** Picks one of so many possibilities. */
type Choose = (count: number) => number;

/** Fields that JSON may bring as the object whose text they hold. */
const EMBEDDED_JSON: ReadonlySet<string> = new Set(['affinity', 'securityContext']);

/**
 * JSON texts of messages as clients may write them: either spelling of a name, any order, any white space, escapes where none are needed,
 * absent fields left out or `null`, numbers as such or as strings, and, less often, a field twice or one that nobody knows.
 */
export function jsonTextOf(message: fc.Arbitrary<object>): fc.Arbitrary<string> {
  return fc
    .tuple(message, fc.array(fc.nat({ max: 0xffff }), { minLength: 1, maxLength: 40 }), fc.boolean())
    .map(([value, numbers, isPlain]) => {
      let next = 0;
      const choose: Choose = (count) => {
        next += 1;
        // Each round through the numbers gives other choices than the one before.
        return ((numbers[next % numbers.length] ?? 0) + Math.floor(next / numbers.length)) % count;
      };
      return writeValue(value, isPlain ? () => 1 : choose);
    });
}

/** Texts with pieces taken out, doubled, moved, or put in. */
export function damagedText(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const piece = fc.oneof(
    fc.constantFrom(...Array.from('{}[]",:\\ \n\t0123456789-+.eE\0\u007f\u0080')),
    fc.constantFrom('null', 'true', 'false', '""', '{}', '[]', '1e3', '1.0', '-1', '-0', '00', '0x1', '2147483648'),
    fc.constantFrom('\\u0000', '\\ud800', '\\u0041', '\\x', '\\"', '"name":"x",', '"1":"",', '"__proto__":{},'),
    fc.constantFrom('\u6a21', '\u{1f600}', '\ufeff', '\u2028', '\ud800', '//', '/**/', 'NaN', '\u00a0'),
    fc.string({ maxLength: 3 }),
  );
  const damage = fc.tuple(fc.nat({ max: 4095 }), fc.nat({ max: 12 }), fc.nat({ max: 4095 }), fc.nat({ max: 3 }), piece);
  return fc.tuple(text, fc.array(damage, { minLength: 1, maxLength: 2 })).map(([whole, damages]) =>
    damages.reduce((current, [place, length, from, kind, added]) => {
      const at = place % (current.length + 1);
      const put = kind === 0 ? '' : kind === 1 ? current.slice(from % (current.length + 1)).slice(0, 12) : added;
      return current.slice(0, at) + put + current.slice(kind === 3 ? at : at + length);
    }, whole),
  );
}

function writeValue(value: unknown, choose: Choose, name = ''): string {
  if (typeof value === 'string') {
    return EMBEDDED_JSON.has(name) && value.startsWith('{') && choose(3) === 0 ? value : writeString(value, choose);
  }
  if (typeof value === 'number' || typeof value === 'bigint') {
    const digits = String(value);
    return choose(8) === 0 ? `"${digits}"` : choose(12) === 0 && /^[1-9]/.test(digits) ? `${digits}e0` : digits;
  }
  if (Array.isArray(value)) {
    return writeParts(
      '[]',
      value.map((element) => writeValue(element, choose)),
      choose,
    );
  }
  if (value instanceof Map) {
    const entries = [...value].map(([key, entry]) => writeEntry(writeString(String(key), choose), entry, choose));
    return writeParts('{}', entries, choose);
  }
  return value === null || typeof value !== 'object' ? JSON.stringify(value) : writeMessage(value, choose);
}

function writeMessage(message: object, choose: Choose): string {
  const entries = Object.entries(message).flatMap(([name, value]) => {
    const spelled = choose(2) === 0 ? name : name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const key = JSON.stringify(spelled === 'secret_ref' && choose(2) === 0 ? 'secret_map_ref' : spelled);
    if (value === undefined) {
      return choose(12) === 0 ? [writeEntry(key, null, choose)] : [];
    }
    const entry = writeEntry(key, value, choose, name);
    return choose(60) === 0 ? [entry, entry] : choose(60) === 0 ? [entry, '"zzz":[{}]'] : [entry];
  });
  if (entries.length > 1 && choose(2) === 0) {
    const at = choose(entries.length);
    entries.push(...entries.splice(0, at).toReversed());
  }
  return writeParts('{}', entries, choose);
}

function writeEntry(key: string, value: unknown, choose: Choose, name = ''): string {
  return `${key}${writeSpace(choose)}:${writeSpace(choose)}${writeValue(value, choose, name)}`;
}

function writeParts([open, close]: string, parts: readonly string[], choose: Choose): string {
  const space = writeSpace(choose);
  return open + space + parts.join(`${space},${writeSpace(choose)}`) + space + close;
}

function writeSpace(choose: Choose): string {
  return choose(4) === 0 ? (['  ', '\n', '\t', '\r\n'][choose(4)] ?? '') : '';
}

/** A string with some of its characters escaped that need not be. */
function writeString(text: string, choose: Choose): string {
  if (choose(4) !== 0) {
    return JSON.stringify(text);
  }
  const units = Array.from({ length: text.length }, (_, index) =>
    choose(3) === 0
      ? `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`
      : JSON.stringify(text.charAt(index)).slice(1, -1),
  );
  return `"${units.join('')}"`;
}
