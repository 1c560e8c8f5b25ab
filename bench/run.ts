import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';
import type { CpuCosts } from './micro/cpu-costs.js';
import { compileBench, ROOT, SERVER_MAIN } from './processes/compiled.js';
import { CAN_PIN, SERVER_CORE } from './processes/cores.js';
import { PinnedProcess } from './processes/pinned-process.js';
import type { BenchReport, Machine } from './report/bench-report.js';
import { renderReport } from './report/render-report.js';
import { BenchContext, type Effort } from './scenarios/bench-context.js';
import { measureLmdb } from './scenarios/lmdb.js';
import { type MongoMeasurements, measureMongo } from './scenarios/mongo.js';
import { measureScale, type ScaleMeasurement } from './scenarios/scale.js';
import { measureWorkers } from './scenarios/workers.js';

const FULL: Effort = { quick: false, pairs: 5, windowMs: 700, warmUpMs: 1500 };
const QUICK: Effort = { quick: true, pairs: 3, windowMs: 500, warmUpMs: 1000 };
const SIZES = [1000, 100_000, 1_000_000];

const startedAt = performance.now();

async function run(effort: Effort): Promise<BenchReport> {
  const machine = describeMachine();
  compileBench();
  const help = execFileSync(process.execPath, [SERVER_MAIN, '--help'], { encoding: 'utf8' });
  const omissions: string[] = [];
  await using context = await BenchContext.open(effort);

  const { measurements, againstStore } = await measureLmdb(context, progress);
  if (effort.quick) {
    omissions.push('most scenarios, scale, workers and MongoDB, since this was the quick run');
  } else if (help.includes('--workers')) {
    progress('two workers');
    measurements.push(await measureWorkers(context));
  }
  let scale: ScaleMeasurement[] = [];
  let mongo: MongoMeasurements | undefined;
  if (!effort.quick) {
    scale = await measureScale(context, SIZES, progress);
    const onMongo = await measureMongo(context, help.includes('--read-cache-ms'), progress);
    if ('unavailable' in onMongo) {
      omissions.push(`MongoDB, since ${onMongo.unavailable}`);
    } else {
      mongo = onMongo;
    }
  }
  progress('the parts by themselves');
  return {
    quick: effort.quick,
    omissions,
    machine,
    secondsTaken: 0,
    pairs: effort.pairs,
    windowMs: effort.windowMs,
    measurements,
    againstStore,
    scale,
    mongo,
    cpuCosts: await measureCpuCosts(),
  };
}

async function measureCpuCosts(): Promise<CpuCosts> {
  await using parts = new PinnedProcess<{ roundMs: number }, CpuCosts>('micro/cpu-costs', SERVER_CORE);
  return await parts.ask({ roundMs: 100 });
}

function describeMachine(): Machine {
  return {
    cores: availableParallelism(),
    cpuModel: cpus()[0]?.model.trim() ?? 'unknown',
    nodeVersion: process.version,
    kernel: release().replace(/^(\d+\.\d+).*/, '$1'),
    pinned: CAN_PIN,
    loadAtStart: loadavg()[0] ?? Number.NaN,
  };
}

function progress(line: string): void {
  process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${line}\n`);
}

const quick = !['', '0', undefined].includes(process.env['QUICK']);
const measured = await run(quick ? QUICK : FULL);
const report = { ...measured, secondsTaken: (performance.now() - startedAt) / 1000 };
const name = join(ROOT, 'bench', quick ? 'report.quick' : 'report');
const markdown = renderReport(report);
writeFileSync(`${name}.md`, markdown);
writeFileSync(`${name}.json`, `${JSON.stringify(report, undefined, 2)}\n`);
process.stdout.write(quick ? markdown : `wrote ${name}.md and .json\n`);
