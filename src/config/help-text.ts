import { COMMAND_FLAGS } from './command-line.js';
import { type Option } from './option.js';
import { environmentName, flagName, OPTION_KEYS, optionOf } from './options.js';

const LINE_WIDTH = 100;
const INDENT = 6;

/** What `--help` prints: every setting with its flag, environment variable, meaning and default. */
export function helpText(): string {
  const groups = [...new Set(OPTION_KEYS.map((key) => optionOf(key).group))];
  const sections = groups.map((group) => {
    const entries = OPTION_KEYS.filter((key) => optionOf(key).group === group).map((key) => {
      const option = optionOf(key);
      const flag =
        option.kind === 'boolean' ? `--[no-]${flagName(key)}` : `--${flagName(key)} ${PLACEHOLDERS[option.kind]}`;
      const values = option.kind === 'text' && !option.secret ? '' : ` Must be ${option.allowed}.`;
      return entry(
        `${flag}    [${environmentName(key)}]`,
        `${option.description}${values} Default: ${defaultWords(option)}.`,
      );
    });
    return `${group}:\n${entries.join('\n')}`;
  });
  const commands = Object.entries(COMMAND_FLAGS).map(([name, { value, description }]) =>
    entry(value === undefined ? `--${name}` : `--${name} ${value}`, description),
  );
  return [
    'appimage-server: a registry of application image templates (Kuscia AppImage) over HTTP and gRPC',
    '',
    'Usage: appimage-server [--name=value ...]',
    '',
    wrap(
      'A flag counts more than its environment variable, that more than the file of --config, and that more than the default.',
      0,
    ),
    '',
    ...sections.flatMap((section) => [section, '']),
    `Commands:\n${commands.join('\n')}`,
    '',
  ].join('\n');
}

/** The default of a setting in words, with Markdown code marks. */
export function defaultWords(option: Option<unknown>): string {
  if (option.default.kind === 'derived') {
    return option.default.words;
  }
  const value = option.default.value;
  if (value === undefined || (Array.isArray(value) && value.length === 0)) {
    return 'none';
  }
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\`${option.unit === undefined ? '' : ` ${option.unit}`}`;
}

const PLACEHOLDERS = {
  text: 'VALUE',
  integer: 'N',
  choice: 'WORD',
  list: 'A,B',
  boolean: '',
} as const satisfies Record<Option<unknown>['kind'], string>;

function entry(heading: string, description: string): string {
  return `  ${heading}\n${wrap(description, INDENT)}`;
}

/** A terminal shows no Markdown, so the code marks go. */
function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  for (const word of text.replaceAll('`', '').split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= LINE_WIDTH - indent) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines.map((line) => ' '.repeat(indent) + line).join('\n');
}
