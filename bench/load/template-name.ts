const DIGITS = 9;
const PREFIX = 'template-';

/** Offset of the number in a name. */
export const NUMBER_AT = PREFIX.length;

/** Name of a template by its number. All have the same length, so that a request made once fits every one of them. */
export function templateName(number: number): string {
  return PREFIX + String(number).padStart(DIGITS, '0');
}

/** Writes the digits of a template's number over those of another one. */
export function writeNumber(bytes: Buffer, offset: number, number: number): void {
  let rest = number;
  for (let index = offset + DIGITS - 1; index >= offset; index -= 1) {
    bytes[index] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
