import type { Command } from 'commander';
import { type WatchEvent, WatchEvent_Type } from '../../../gen/appimage/v1/registry.js';
import { apiJson } from '../api-json.js';
import { type CliContext, connect } from '../cli-context.js';
import { CliError } from '../cli-error.js';
import type { Colour } from '../colours.js';
import { addExamples } from '../command-help.js';
import { followChanges, isChange } from '../follow-changes.js';
import { document, errorDocument, outputOption, printable } from '../output.js';
import type { Terminal } from '../terminal.js';

interface WatchFlags {
  readonly fromState?: boolean;
  readonly untilState?: boolean;
  readonly prefix?: string;
  readonly resumeToken?: string;
  readonly checkpoints?: boolean;
  readonly output: string;
}

const NAME_WIDTH = 32;
const COLOURS: Partial<Record<WatchEvent_Type, Colour>> = {
  [WatchEvent_Type.PUT]: 'green',
  [WatchEvent_Type.DELETE]: 'red',
};

/** Defines `watch`: streams changes. */
export function defineWatchCommand(program: Command, context: CliContext): void {
  const command = program
    .command('watch')
    .summary('follow changes as they happen')
    .description(
      [
        'Follows the changes of all templates, in their one order, until it is interrupted. Where the connection drops, it is opened again and',
        'goes on behind the last event: nothing is missed and nothing comes twice. Only the first connection has to come about.',
        'With `-o json`, standard output has one event a line, each with the resume token of its place.',
      ].join(' '),
    )
    .option('--from-state', 'begin with every template that there is, then the changes')
    .option('--until-state', 'as --from-state, but end when all that there is has been told')
    .option('--prefix <prefix>', 'only templates whose names begin with this')
    .option('--resume-token <resume-token>', 'go on behind the event that bore this token')
    .option('--checkpoints', 'also tell checkpoints, by which resume tokens stay fresh while nothing happens')
    .addOption(outputOption(['table', 'json', 'name']));
  addExamples(command, [
    ['Follow the changes from now on', 'appimagectl watch'],
    ['What there is, then every change, one JSON object a line', 'appimagectl watch --from-state -o json'],
    [
      'Run a script for each change of some templates',
      'appimagectl watch --prefix psi- -o name | xargs -n 1 ./on-change.sh',
    ],
  ]);
  command.action(async (flags: WatchFlags) => {
    const { terminal } = context;
    using client = connect(command, context);
    const events = followChanges(client, {
      fromState: flags.fromState === true || flags.untilState === true,
      prefix: flags.prefix ?? '',
      resumeToken: flags.resumeToken ?? '',
      onDropped: (reason, delayMs) => terminal.warn(`${reason}; going on in ${delayMs} ms where it ended`),
    });
    try {
      for await (const event of events) {
        if (flags.checkpoints === true || event.type !== WatchEvent_Type.CHECKPOINT) {
          writeEvent(event, flags.output, terminal);
        }
        if (flags.untilState === true && event.type === WatchEvent_Type.STATE_COMPLETE) {
          return;
        }
      }
    } catch (error) {
      throw flags.output === 'json' && error instanceof CliError ? reported(error, terminal) : error;
    }
  });
}

/** The error as one more line, since whoever reads the output reads lines. */
function reported(error: CliError, terminal: Terminal): CliError {
  terminal.out(`${JSON.stringify(errorDocument(error))}\n`);
  const { hint, violations, serverCode } = error;
  return new CliError(error.exit, error.message, { hint, violations, serverCode, isReported: true, cause: error });
}

function writeEvent(event: WatchEvent, output: string, terminal: Terminal): void {
  if (output === 'json') {
    terminal.out(`${jsonLine(event)}\n`);
  } else if (output === 'table') {
    terminal.out(`${tableLine(event, terminal)}\n`);
  } else if (isChange(event)) {
    terminal.out(`${event.revision?.name ?? ''}\n`);
  }
}

/** The content is put in as text, since its numbers may be beyond what a JavaScript number holds. */
function jsonLine({ type, revision, resumeToken }: WatchEvent): string {
  const head = document('event', {
    type: WatchEvent_Type[type],
    resume_token: resumeToken,
    name: revision?.name ?? null,
    revision: revision === undefined ? null : Number(revision.revision),
    create_time: revision?.createTime?.toISOString() ?? null,
    content_hash: revision?.contentHash ?? null,
    token_name: revision?.tokenName ?? null,
    certificate_subject: revision?.certificateSubject ?? null,
    method: revision?.method ?? null,
    message: revision?.message ?? null,
  });
  const content = revision?.appImage === undefined ? 'null' : apiJson(revision.appImage);
  return `${JSON.stringify(head).slice(0, -1)},"app_image":${content}}`;
}

function tableLine({ type, revision }: WatchEvent, { paint, width }: Terminal): string {
  const mark = paint(COLOURS[type] ?? 'dim', WatchEvent_Type[type].padEnd(6));
  if (revision === undefined) {
    return mark;
  }
  const { name, revision: number, createTime, tokenName, message } = revision;
  const line = [
    createTime?.toISOString() ?? '',
    name.padEnd(NAME_WIDTH),
    `r${number}`.padEnd(5),
    tokenName,
    printable(message),
  ].join('  ');
  const room = width === undefined ? line.length : Math.max(width - 'DELETE  '.length, NAME_WIDTH);
  return `${mark}  ${line.slice(0, room).trimEnd()}`;
}
