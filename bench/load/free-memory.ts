import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** In MiB: more than a window of writes adds to the page cache. */
const TOUCHED_MIB = 96;
const ONE_MIB = Buffer.alloc(1024 * 1024);

/**
 * Has the kernel write to memory that is free, which it then hands out first. A virtual machine may give free memory back to its host, and pays
 * for each page that it takes from there again: 10 us of the CPU where 1.6 are usual. A store that grows takes more than a page for each template, and
 * F1 takes none; so whether the memory had been in use shortly before would decide about a quarter of their ratio.
 */
export function touchFreeMemory(): void {
  const path = join(tmpdir(), `appimage-bench-memory-${process.pid}`);
  const file = openSync(path, 'wx', 0o600);
  try {
    unlinkSync(path);
    for (let written = 0; written < TOUCHED_MIB; written += 1) {
      writeSync(file, ONE_MIB);
    }
  } finally {
    // A file without a name goes with its last descriptor, and its memory is free again.
    closeSync(file);
  }
}
