import type { Command } from 'commander';
import { readVersion } from '../../config/version.js';
import type { CliContext, GlobalFlags } from '../cli-context.js';
import type { Colour } from '../colours.js';
import { addExamples } from '../command-help.js';
import { resolveConnection } from '../connection.js';
import { type Check, STEPS } from '../doctor/check.js';
import { examineConnection } from '../doctor/examine-connection.js';
import { document, isDocumentFormat, outputOption, printable, writeDocument } from '../output.js';
import type { Terminal } from '../terminal.js';

const MARKS: Readonly<Record<Check['status'], readonly [Colour, string]>> = {
  ok: ['green', 'ok'],
  warning: ['yellow', 'warning'],
  failed: ['red', 'FAILED'],
  skipped: ['dim', 'skipped'],
};

/** Defines `doctor`: connects step by step, and says which step is at fault and what to do. */
export function defineDoctorCommand(program: Command, context: CliContext): void {
  const command = program
    .command('doctor')
    .summary('connect step by step, and say what is at fault')
    .description(
      [
        'Connects step by step, and says which step is at fault and what to do about it: configuration, name resolution, port, TLS, CA,',
        'server name, server certificate, client certificate and its expiry, token, role, server version.',
        'Changes nothing. The exit code is that of the first step that failed: 2 configuration, 6 cannot connect, 7 refused.',
      ].join(' '),
    )
    .addOption(outputOption(['table', 'json', 'yaml']));
  addExamples(command, [
    ['Test the connection in force', 'appimagectl doctor'],
    ['Test another one', 'appimagectl doctor --context production'],
    [
      'Test what flags say, giving up early',
      'appimagectl doctor --server registry.example:8083 --ca ca.crt --timeout 3s',
    ],
    [
      'The steps that failed, for a script',
      'appimagectl doctor -o json | jq \'.checks[] | select(.status == "failed")\'',
    ],
  ]);
  command.action(async ({ output }: { output: string }) => {
    const { env, cwd, terminal } = context;
    const checks = await examineConnection(
      () => resolveConnection(command.optsWithGlobals<GlobalFlags>(), env, cwd),
      readVersion(),
    );
    const fault = checks.find(({ status }) => status === 'failed');
    if (isDocumentFormat(output)) {
      writeDocument(terminal, output, documentOf(checks));
    } else {
      terminal.out(describe(checks, terminal));
    }
    context.exit = fault?.exit ?? 'DONE';
  });
}

function documentOf(checks: readonly Check[]): object {
  const fault = checks.find(({ status }) => status === 'failed');
  return document('doctor', {
    ok: fault === undefined,
    at_fault: fault?.step ?? null,
    checks: checks.map(({ step, status, message, advice }) => ({ step, status, message, advice: advice ?? null })),
  });
}

function describe(checks: readonly Check[], { paint }: Terminal): string {
  const titleWidth = Math.max(...Object.values(STEPS).map(({ length }) => length));
  const markWidth = Math.max(...Object.values(MARKS).map(([, mark]) => mark.length));
  const indent = ' '.repeat(titleWidth + markWidth + 4);
  const lines = checks.flatMap(({ step, status, message, advice }) => {
    const [colour, mark] = MARKS[status];
    const line = `${STEPS[step].padEnd(titleWidth)}  ${paint(colour, mark.padEnd(markWidth))}  ${printable(message)}`;
    return [line, ...(advice?.split('\n') ?? []).map((todo) => `${indent}${paint('cyan', 'do:')} ${todo}`)];
  });
  const fault = checks.find(({ status }) => status === 'failed');
  const verdict =
    fault === undefined
      ? paint('green', 'The connection works.')
      : paint('red', `At fault: ${STEPS[fault.step]}: ${printable(fault.message)}`);
  return `${lines.join('\n')}\n\n${verdict}\n`;
}
