import type { ExitName } from '../exit-codes.js';

/** The steps of a connection, in the order in which they are taken. Their names are part of the JSON output. */
export const STEPS = {
  configuration: 'configuration',
  'name-resolution': 'name resolution',
  port: 'port',
  tls: 'TLS',
  ca: 'CA',
  'server-name': 'server name',
  'server-certificate': 'server certificate',
  'client-certificate': 'client certificate',
  'certificate-expiry': 'its expiry',
  token: 'token',
  role: 'role',
  'server-version': 'server version',
} as const;

export type StepName = keyof typeof STEPS;

/** What one step found. */
export interface Check {
  readonly step: StepName;
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped';
  /** What was found, as one sentence without a full stop. */
  readonly message: string;
  /** What to do about it, one step a line. */
  readonly advice?: string;
  /** How the command ends where this step failed. */
  readonly exit?: ExitName;
}

export function ok(step: StepName, message: string): Check {
  return { step, status: 'ok', message };
}

export function warning(step: StepName, message: string, advice: string): Check {
  return { step, status: 'warning', message, advice };
}

export function failed(step: StepName, exit: ExitName, message: string, advice: string): Check {
  return { step, status: 'failed', message, advice, exit };
}

/** A step that does not apply, or that nothing can be said about since an earlier one failed. */
export function skipped(step: StepName, message: string): Check {
  return { step, status: 'skipped', message };
}
