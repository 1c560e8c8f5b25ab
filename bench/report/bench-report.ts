import type { CpuCosts } from '../micro/cpu-costs.js';
import type { Measurement } from '../scenarios/measurement.js';
import type { MongoMeasurements } from '../scenarios/mongo.js';
import type { ScaleMeasurement } from '../scenarios/scale.js';
import type { StoreFloorMeasurement } from '../scenarios/write-floor.js';

/** Everything that a run of the bench found out: what `report.json` holds, and what `report.md` is made of. */
export interface BenchReport {
  readonly quick: boolean;
  /** What a run left out, and why. */
  readonly omissions: readonly string[];
  readonly machine: Machine;
  readonly secondsTaken: number;
  readonly pairs: number;
  readonly windowMs: number;
  readonly measurements: readonly Measurement[];
  readonly againstStore: readonly StoreFloorMeasurement[];
  readonly scale: readonly ScaleMeasurement[];
  /** `undefined` where MongoDB was left out. */
  readonly mongo: MongoMeasurements | undefined;
  readonly cpuCosts: CpuCosts;
}

/** Where it was measured; nothing that tells whose machine it is. */
export interface Machine {
  readonly cores: number;
  readonly cpuModel: string;
  readonly nodeVersion: string;
  readonly kernel: string;
  readonly pinned: boolean;
  /** Load average of the last minute when the run began: other programs that were busy then. */
  readonly loadAtStart: number;
}
