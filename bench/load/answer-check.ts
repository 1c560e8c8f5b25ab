import { QueryAppImageResponse } from '../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import type { CheckAnswer } from './load-driver.js';
import type { LoadTarget, Workload } from './load-job.js';
import { templateName } from './template-name.js';

interface AnyAnswer {
  readonly status?: { readonly code?: number } | undefined;
  readonly data?: unknown;
}

/** Names look like this one with other digits. */
const NAME = new RegExp(`^${templateName(0).replace(/[0-9]+$/, '')}[0-9]{9}$`);

/** What a sample of the answers has to be: a success that holds as many templates as were asked for. */
export function answerCheck(
  workload: Workload,
  { answersByName }: LoadTarget,
  encoding: 'json' | 'protobuf',
): CheckAnswer {
  return (body) => {
    const answer: AnyAnswer =
      encoding === 'json' ? (JSON.parse(body.toString()) as AnyAnswer) : QueryAppImageResponse.decode(body);
    if (answer.status?.code !== 0) {
      throw new Error(`an answer is no success: ${body.subarray(0, 400).toString()}`);
    }
    const expected = expectedNames(workload);
    const names = namesIn(answer.data);
    if (
      answersByName &&
      expected !== undefined &&
      (names.length !== expected || !names.every((name) => NAME.test(name)))
    ) {
      throw new Error(`an answer holds ${names.length} templates, not ${expected}, or others than were asked for`);
    }
  };
}

function expectedNames(workload: Workload): number | undefined {
  switch (workload.kind) {
    case 'query':
      return 1;
    case 'batchQuery':
      return workload.names;
    case 'list':
      return workload.pageSize;
    default:
      return undefined;
  }
}

function namesIn(data: unknown): string[] {
  if (data === undefined || data === null) {
    return [];
  }
  const list = Array.isArray(data) ? data : ((data as { appimage_list?: unknown[] }).appimage_list ?? [data]);
  return (list as { name?: string }[]).map(({ name }) => name ?? '');
}
