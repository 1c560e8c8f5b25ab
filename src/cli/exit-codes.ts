/** What the exit code of the command line says, for pipelines. Stable: they are part of the interface. */
export const EXIT_CODES = {
  DONE: { code: 0, meaning: 'done; for `diff` and `lint`: nothing found' },
  FAILED: {
    code: 1,
    meaning: 'failed: the registry refused a template, something does not exist, or a fault of either side',
  },
  USAGE: { code: 2, meaning: 'usage: a flag, an argument, a context or a file name is wrong; nothing was tried' },
  WOULD_CHANGE: { code: 3, meaning: 'would change: `diff` found differences' },
  LINT_FINDINGS: { code: 4, meaning: 'lint findings: `lint` found what `--fail-on` names' },
  CONFLICT: { code: 5, meaning: 'conflict: the template or tag is not at the revision that was expected' },
  CANNOT_CONNECT: { code: 6, meaning: 'cannot connect: no answer from the server in time, or no trust in it' },
  REFUSED: { code: 7, meaning: 'refused: the server does not accept the client certificate, the token or its role' },
} as const satisfies Record<string, { code: number; meaning: string }>;

export type ExitName = keyof typeof EXIT_CODES;
