import type { JsonValue } from './go-json.js';
import { jsonField, marshalJson } from './go-json.js';
import type { PathStep, PlaceholderPath } from './placeholder-path.js';
import { parseIndex } from './placeholder-path.js';

/** The value of a variable: parsed where it is a JSON object or array, the text itself otherwise, null if missing. */
export type VariableLookup = (name: string) => JsonValue;

/** What a placeholder stands for: a string as it is, anything else as JSON, nothing for what is missing or null. */
export function placeholderText(path: PlaceholderPath, lookup: VariableLookup): string {
  const value = valueAt(path, lookup);
  return value === null ? '' : textOf(value);
}

function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : marshalJson(value);
}

function valueAt(path: PlaceholderPath, lookup: VariableLookup): JsonValue {
  return path.steps.reduce((value: JsonValue, step) => stepInto(value, step, lookup), lookup(path.name));
}

function stepInto(value: JsonValue, step: PathStep, lookup: VariableLookup): JsonValue {
  switch (step.kind) {
    case 'field':
      return jsonField(value, step.name);
    case 'index':
      return elementAt(value, step.index);
    case 'indexFrom': {
      const index = valueAt(step.path, lookup);
      return elementAt(value, index === null ? undefined : parseIndex(textOf(index)));
    }
    default: {
      if (!Array.isArray(value)) return null;
      const matches = (element: JsonValue): boolean => {
        const field = jsonField(element, step.key);
        return field !== null && textOf(field) === step.value;
      };
      return value.find(matches) ?? null;
    }
  }
}

function elementAt(value: JsonValue, index: number | undefined): JsonValue {
  if (!Array.isArray(value) || index === undefined) return null;
  // The agents count from the end for a negative index, except that they never reach the first element so.
  return index > -value.length ? (value.at(index) ?? null) : null;
}
