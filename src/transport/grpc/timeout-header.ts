/** Unanchored, as grpc-js has it. */
const TIMEOUT = /(\d{1,8})\s*([HMSmun])/;

const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/** The longest that a timer of Node.js runs: 24 days. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The time in milliseconds that a `grpc-timeout` leaves for a call; `undefined` where it is no time. More than 24 days are 24 days. */
export function timeoutMs(header: string): number | undefined {
  const [, amount, unit = ''] = TIMEOUT.exec(header) ?? [];
  const unitMs = UNIT_MS[unit];
  return unitMs === undefined ? undefined : Math.min(Math.floor(Number(amount) * unitMs), LONGEST_TIMER_MS);
}
