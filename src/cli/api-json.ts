import { parse } from 'yaml';
import type { AppImage } from '../domain/app-image/app-image.js';
import { JsonEncoder } from '../transport/wire/json-encode.js';
import { messageDescriptor } from '../transport/wire/schema.js';

let encoder: JsonEncoder<AppImage> | undefined;

/** A template in the JSON of the API, as compact text. `apply` reads it back without loss. */
export function apiJson(appImage: AppImage): string {
  encoder ??= new JsonEncoder<AppImage>(messageDescriptor('QueryAppImageResponseData'));
  return encoder.encode(appImage);
}

/** JSON as values in which no integer is rounded, for YAML. */
export function exactValue(json: string): unknown {
  return parse(json, { intAsBigInt: true, schema: 'json' });
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** JSON with line breaks and two spaces a level, as `JSON.stringify` writes it, but with every number as it was. */
export function prettyJson(json: string): string {
  let pretty = '';
  let indent = '\n';
  let previous = '';
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === '}' || token === ']') {
      indent = indent.slice(0, -2);
      pretty += previous === '{' || previous === '[' ? token : indent + token;
    } else {
      pretty += (previous === '{' || previous === '[' || previous === ',' ? indent : '') + token;
      if (token === '{' || token === '[') {
        indent += '  ';
      } else if (token === ':') {
        pretty += ' ';
      }
    }
    previous = token;
  }
  return `${pretty}\n`;
}
