import { readFileSync, writeFileSync } from 'node:fs';

/** Ticks a second of the CPU times in /proc: Linux fixes them for programs at 100, whatever the kernel counts in. */
const TICK_US = 10_000;

/** CPU time that a process and its children have used, threads and kernel included, in microseconds. */
export function cpuTimeUs(pid: number): number {
  return processTree(pid).reduce((sum, each) => sum + ownCpuTimeUs(each), 0);
}

function ownCpuTimeUs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The second field, the name of the program, may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

function processTree(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return [pid, ...(children === '' ? [] : children.split(' ').flatMap((child) => processTree(Number(child))))];
}

/** Memory of a process, in bytes. */
export interface MemoryUsage {
  /** Resident in all. */
  readonly rss: number;
  /** The process's own: heap, stacks, buffers. */
  readonly anonymous: number;
  /** Pages of mapped files: programs, libraries, and LMDB's map, whose pages are those of the page cache. */
  readonly file: number;
  /** The most that was resident at a time. */
  readonly peak: number;
}

/** What a process and its children occupy now. */
export function memoryUsage(pid: number): MemoryUsage {
  const total = { rss: 0, anonymous: 0, file: 0, peak: 0 };
  for (const each of processTree(pid)) {
    const status = readFileSync(`/proc/${each}/status`, 'latin1');
    const bytes = (field: string): number =>
      Number(new RegExp(`^${field}:\\s+([0-9]+) kB`, 'm').exec(status)?.[1]) * 1024;
    total.rss += bytes('VmRSS');
    total.anonymous += bytes('RssAnon');
    total.file += bytes('RssFile');
    total.peak += bytes('VmHWM');
  }
  return total;
}

/** Lets the peak of a process and its children begin anew from what they occupy now. */
export function resetPeakMemory(pid: number): void {
  for (const each of processTree(pid)) {
    // See proc_pid_clear_refs(5).
    writeFileSync(`/proc/${each}/clear_refs`, '5');
  }
}
