import type { Measurement } from '../scenarios/measurement.js';
import type { ScaleMeasurement } from '../scenarios/scale.js';
import type { StoreFloorMeasurement } from '../scenarios/write-floor.js';
import type { BenchReport } from './bench-report.js';
import { type Column, count, markdownTable, mebibytes, percent } from './markdown-table.js';
import { type TargetResult, targetResults } from './targets.js';

/** The report as people read it. */
export function renderReport(report: BenchReport): string {
  return [
    report.quick ? '# Bench, quick run' : '# Bench',
    introduction(report),
    '## Targets',
    markdownTable(TARGET_COLUMNS, targetResults(report)),
    '## The service against its floors, on LMDB',
    FLOORS,
    markdownTable(MEASUREMENT_COLUMNS, report.measurements),
    '## Writes against LMDB alone (F3)',
    'Both wait until a write is on disk; what the disk does at that moment decides about both.',
    markdownTable(STORE_FLOOR_COLUMNS, report.againstStore),
    '## The generator',
    generator(report),
    markdownTable(GENERATOR_COLUMNS, allMeasurements(report)),
    ...scale(report),
    ...mongo(report),
    '## CPU of the parts',
    `With the document's example, in one process: reading its JSON ${us(report.cpuCosts.decodeJson)}, validation and merge ${us(report.cpuCosts.validateAndMerge)}, encoding it as protobuf and JSON ${us(report.cpuCosts.encode)}, reading its protobuf ${us(report.cpuCosts.decodeProtobuf)}.`,
    '',
  ].join('\n\n');
}

function introduction({ quick, machine, pairs, windowMs, secondsTaken, measurements, omissions }: BenchReport): string {
  const { cores, cpuModel, nodeVersion, kernel, pinned, loadAtStart } = machine;
  return [
    `Made by \`make bench${quick ? ' QUICK=1' : ''}\` in ${Math.round(secondsTaken)} s on ${cores} cores of ${cpuModel}, Node.js ${nodeVersion}, Linux ${kernel}.`,
    pinned
      ? 'Servers ran on one core, the load generator on another one.'
      : 'Servers and load generator were not tied to cores, since there are no two or no `taskset`: trust nothing here.',
    `The load average was ${loadAtStart.toFixed(1)} before it began; above 0.5 or so, other programs were in the way, and the figures are worse than they could be.`,
    `Figures are medians of ${pairs} windows of ${windowMs} ms, ratios are medians of ${pairs} pairs of windows, service and floor in turn. Only ratios say anything about another machine.`,
    ...(measurements.some(({ disturbed }) => disturbed)
      ? [
          '**Other programs took the cores while this ran: in the rows marked `disturbed` even the floor got no whole core. Neither "met" nor "not met" says anything about them; run it again on a quiet machine.**',
        ]
      : []),
    ...omissions.map((omission) => `Left out: ${omission}.`),
  ].join('\n');
}

const FLOORS =
  'F1 is node:https with mutual TLS that reads a body and answers a prebuilt buffer; F2 is @grpc/grpc-js that does the same with a unary call. Each answers as many bytes as the service does, and gets the same requests. Before each window with writes free memory is touched; bench/README.md says why.';

const TARGET_COLUMNS: readonly Column<TargetResult>[] = [
  ['scenario', ({ scenario }) => scenario],
  ['target', ({ target }) => target],
  ['measured', ({ measured }) => measured ?? 'not measured'],
  ['', ({ met }) => (met === undefined ? '' : met ? 'met' : '**not met**')],
];

const MEASUREMENT_COLUMNS: readonly Column<Measurement>[] = [
  ['scenario', ({ title }) => title],
  ['in flight', ({ inFlight, connections }) => `${inFlight} on ${connections}`],
  ['requests/s', ({ service }) => count(service.requestsPerSecond)],
  ['p50 us', ({ service }) => count(service.p50Us)],
  ['p99 us', ({ service }) => count(service.p99Us)],
  ['CPU us/request', ({ service }) => service.cpuUsPerRequest.toFixed(1)],
  ['peak MiB', ({ peakMemoryBytes }) => mebibytes(peakMemoryBytes)],
  ['floor', ({ against }) => against],
  ['its requests/s', ({ floor }) => count(floor.requestsPerSecond)],
  ['its p99 us', ({ floor }) => count(floor.p99Us)],
  ['its CPU us', ({ floor }) => floor.cpuUsPerRequest.toFixed(1)],
  [
    'ratio',
    ({ ratios, generatorBound, disturbed }) =>
      `${ratios.throughput.toFixed(2)}${generatorBound ? ' (generator-bound)' : ''}${disturbed ? ' (disturbed)' : ''}`,
  ],
  ['p99 ratio', ({ ratios }) => ratios.p99.toFixed(2)],
];

const STORE_FLOOR_COLUMNS: readonly Column<StoreFloorMeasurement>[] = [
  ['scenario', ({ title }) => title],
  ['in flight', ({ inFlight }) => String(inFlight)],
  ['requests/s', ({ serviceRequestsPerSecond }) => count(serviceRequestsPerSecond)],
  ['F3 writes/s', ({ floor }) => count(floor.requestsPerSecond)],
  ['F3 p50 us', ({ floor }) => count(floor.p50Us)],
  ['F3 p99 us', ({ floor }) => count(floor.p99Us)],
  ['F3 CPU us', ({ floor }) => floor.cpuUsPerRequest.toFixed(1)],
  ['ratio', ({ throughputRatio }) => throughputRatio.toFixed(2)],
];

const GENERATOR_COLUMNS: readonly Column<Measurement>[] = [
  ['scenario', ({ title, store }) => `${title} (${store})`],
  ['in flight', ({ inFlight }) => String(inFlight)],
  ['service: core used', ({ service }) => percent(service.cpuShare)],
  ['generator busy', ({ service }) => percent(service.generatorShare)],
  ['us/request', ({ service }) => service.generatorUsPerRequest.toFixed(1)],
  ['floor: core used', ({ floor }) => percent(floor.cpuShare)],
  ['generator busy', ({ floor }) => percent(floor.generatorShare)],
  ['us/request', ({ floor }) => floor.generatorUsPerRequest.toFixed(1)],
];

function generator(report: BenchReport): string {
  const bound = allMeasurements(report).filter(({ generatorBound }) => generatorBound).length;
  return [
    'The load generator never sleeps while it measures, so that no server pays for waking it. "Busy" is the share of the window in which it had data to read. Where that is above 90 % in a run, it may be the generator that was measured, and the row says `generator-bound`; below that the server was waited for.',
    bound === 0 ? 'No row is generator-bound.' : `Rows that are generator-bound: ${bound}.`,
  ].join(' ');
}

function allMeasurements({ measurements, mongo: onMongo }: BenchReport): readonly Measurement[] {
  return [...measurements, ...(onMongo?.measurements ?? [])];
}

function scale({ scale: sizes }: BenchReport): string[] {
  if (sizes.length === 0) {
    return [];
  }
  const rows = sizes.flatMap((size) => size.scenarios.map((scenario) => ({ size, scenario })));
  return [
    '## Scale, on LMDB',
    'Every template was read once before: the first touch of a part of the store makes the kernel map it, once in the life of a process.',
    markdownTable<(typeof rows)[number]>(
      [
        ['stored templates', ({ size }) => count(size.storedTemplates)],
        ['scenario, 16 in flight', ({ scenario }) => scenario.title],
        ['requests/s', ({ scenario }) => count(scenario.figures.requestsPerSecond)],
        ['p50 us', ({ scenario }) => count(scenario.figures.p50Us)],
        ['p99 us', ({ scenario }) => count(scenario.figures.p99Us)],
        ['CPU us/request', ({ scenario }) => scenario.figures.cpuUsPerRequest.toFixed(1)],
        ['ratio to the smallest', ({ scenario }) => scenario.throughputRatio.toFixed(2)],
      ],
      rows,
    ),
    'Memory in MiB. `RssAnon` is what the process itself takes; `RssFile` is files that are mapped into it: the programs, and the part of the store that was read. That part is the page cache of the operating system, shared by all processes and given back when somebody needs the memory; it grows with what is read, however large the store is.',
    markdownTable<ScaleMeasurement>(
      [
        ['stored templates', ({ storedTemplates }) => count(storedTemplates)],
        ['start ms', ({ startMs }) => count(startMs)],
        ['at start: VmRSS', ({ memoryAtStart }) => mebibytes(memoryAtStart.rss)],
        ['RssAnon', ({ memoryAtStart }) => mebibytes(memoryAtStart.anonymous)],
        ['RssFile', ({ memoryAtStart }) => mebibytes(memoryAtStart.file)],
        ['after the load: VmRSS', ({ memoryAfterLoad }) => mebibytes(memoryAfterLoad.rss)],
        ['RssAnon', ({ memoryAfterLoad }) => mebibytes(memoryAfterLoad.anonymous)],
        ['RssFile', ({ memoryAfterLoad }) => mebibytes(memoryAfterLoad.file)],
      ],
      sizes,
    ),
  ];
}

function mongo({ mongo: onMongo, measurements }: BenchReport): string[] {
  if (onMongo === undefined) {
    return [];
  }
  const query = onMongo.measurements.find(({ id, inFlight }) => id === 'query-http-json' && inFlight === 1);
  const lmdb = measurements.find(({ id, inFlight }) => id === 'query-http-json' && inFlight === 1);
  const cost =
    query === undefined || lmdb === undefined
      ? ''
      : ` A read is a round trip to it: one query at a time takes ${count(query.service.p50Us)} us instead of the ${count(lmdb.service.p50Us)} us on LMDB (p50), and ${query.service.cpuUsPerRequest.toFixed(0)} us of the service's CPU instead of ${lmdb.service.cpuUsPerRequest.toFixed(0)}.`;
  return [
    '## On MongoDB',
    `The database is ${onMongo.server}, tied to no core.${cost}`,
    markdownTable(MEASUREMENT_COLUMNS, onMongo.measurements),
    markdownTable(STORE_FLOOR_COLUMNS, onMongo.againstStore),
  ];
}

function us(value: number): string {
  return `${value.toFixed(1)} us`;
}
