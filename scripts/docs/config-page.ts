import { COMMAND_FLAGS } from '../../src/config/command-line.js';
import { CONFIG_FILE_VARIABLE } from '../../src/config/environment.js';
import { defaultWords } from '../../src/config/help-text.js';
import { environmentName, flagName, OPTION_KEYS, type OptionKey, optionOf } from '../../src/config/options.js';
import { GENERATED_MARK } from './generated-mark.js';

const INTRODUCTION = `# Configuration

Every setting can be given as a flag (\`--http-port 8082\` or \`--http-port=8082\`), as an environment variable (\`APPIMAGE_HTTP_PORT=8082\`) or in a YAML
file (\`httpPort: 8082\`). A flag counts more than the environment, that more than the file, and that more than the default. What is
on or off takes \`--init-certs\` and \`--no-init-certs\`. Lists are separated by commas in a flag or a variable, and are lists in YAML.
Relative paths start at the folder that the server is started in, wherever the setting comes from.

A wrong setting keeps the server from starting: it names all faults at once, each with the setting, where it came from (for a file, its line), the
value and what it may be. Unknown settings and flags are faults too. An empty variable counts as absent, and an unknown \`APPIMAGE_*\` variable is
ignored, with a warning if it looks like a slip of the pen.`;

const AFTERWORD = `## An example file

\`\`\`yaml
# appimage-server --config appimage.yaml
httpPort: 8082
protocol: MTLS
certsDir: /etc/appimage/certs
tokensFile: /etc/appimage/tokens.yaml
storeUriFile: /run/secrets/appimage-store-uri
logLevel: info
\`\`\`

\`appimage-server --print-config\` prints what is in force, with where each value came from, in this form: it can be used as a file again. Passwords
are masked in it, and a file with a masked password is refused until the password is put back.

## Secrets

Keys and tokens are read from files only. A connection string with a password belongs into a file that \`storeUriFile\` names: a command line is visible
to every user of the machine, and an environment is handed on to every child process. No secret appears in the log, in an error or in
\`--print-config\`.

## In Kubernetes

For a Service called \`appimage-http\` Kubernetes sets \`APPIMAGE_HTTP_PORT=tcp://...\` in every pod of its namespace, which is no port and keeps the
server from starting. Set \`enableServiceLinks: false\` in the pod, or give the Service another name.`;

/** The page `docs/config.md`, from the option table. */
export function configPage(): string {
  const groups = [...new Set(OPTION_KEYS.map((key) => optionOf(key).group))];
  const commands = Object.entries(COMMAND_FLAGS).map(
    ([name, { value, description }]) => `| \`--${name}${value === undefined ? '' : ` ${value}`}\` | ${description} |`,
  );
  return [
    GENERATED_MARK,
    '',
    INTRODUCTION,
    '',
    '| flag | what it does |',
    '| --- | --- |',
    ...commands,
    '',
    `The variable \`${CONFIG_FILE_VARIABLE}\` names the file where no flag does.`,
    '',
    ...groups.flatMap((group) => [
      `## ${group}`,
      '',
      ...configTable(OPTION_KEYS.filter((key) => optionOf(key).group === group)),
      '',
    ]),
    AFTERWORD,
    '',
  ].join('\n');
}

/** A Markdown table of settings. */
export function configTable(keys: readonly OptionKey[]): string[] {
  return [
    '| setting | flag and variable | value | default | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...keys.map((key) => {
      const option = optionOf(key);
      const flag = option.kind === 'boolean' ? `--[no-]${flagName(key)}` : `--${flagName(key)}`;
      return `| \`${key}\` | \`${flag}\`<br>\`${environmentName(key)}\` | ${option.allowed} | ${defaultWords(option)} | ${option.description} |`;
    }),
  ];
}
