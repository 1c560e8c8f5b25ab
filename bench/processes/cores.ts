import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Core of the servers that are measured. */
export const SERVER_CORE = 0;
/** Core of the load generator. */
export const GENERATOR_CORE = 1;

/** Whether processes can be tied to a core on this machine. */
export const CAN_PIN =
  availableParallelism() > GENERATOR_CORE && spawnSync('taskset', ['-c', String(GENERATOR_CORE), 'true']).status === 0;

/** Where a CPU profile of every process goes, if anywhere: `PROFILE=folder make bench`. Profiling slows everything down. */
const PROFILE_FOLDER = process.env['PROFILE'];

/** The command, without its script, that runs Node.js on a core; on any where that is `undefined` or cannot be. */
export function pinned(core: number | undefined): [program: string, ...args: string[]] {
  const profiling = PROFILE_FOLDER === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${PROFILE_FOLDER}`];
  return core !== undefined && CAN_PIN
    ? ['taskset', '-c', String(core), process.execPath, ...profiling]
    : [process.execPath, ...profiling];
}
