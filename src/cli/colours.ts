const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
} as const;

export type Colour = keyof typeof CODES;

/** Puts colour around a text, or leaves it as it is where colours are off. */
export type Paint = (colour: Colour, text: string) => string;

export function paintWith(enabled: boolean): Paint {
  return (colour, text) => {
    const [start, end] = CODES[colour];
    return enabled && text !== '' ? `\u001b[${start}m${text}\u001b[${end}m` : text;
  };
}
