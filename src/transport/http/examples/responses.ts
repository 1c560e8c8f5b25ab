import { AppImageError, ERRORS, type ErrorName, invalidRequest } from '../../../domain/errors.js';
import { encodeFailure } from '../../wire/envelope.js';
import { JsonDecoder } from '../../wire/json-decode.js';
import { JsonEncoder } from '../../wire/json-encode.js';
import type { Method, StreamMethod } from '../../wire/method.js';
import { messageDescriptor } from '../../wire/schema.js';
import { REQUEST_EXAMPLES } from './requests.js';

const INVALID_NAME = invalidRequest([
  { field: 'name', description: '"My_App" is no RFC 1123 label; use 1 to 63 of a-z, 0-9 and "-"' },
]);

const SUCCESS = { code: 0, message: 'success', details: [] };

/** Fields of a success besides its status, to a request after the template of the document was created; others are empty. */
const SUCCESS_FIELDS: Readonly<Record<string, () => object>> = {
  QueryAppImage: () => ({ data: storedTemplate() }),
  BatchQueryAppImage: () => ({ data: [storedTemplate()] }),
  ListAppImage: () => ({ data: { appimage_list: [storedTemplate()], next_page_token: '' } }),
  HealthZ: () => ({ data: { ready: true } }),
  Apply: () => ({
    results: [
      {
        name: 'appimage-template',
        status: SUCCESS,
        outcome: 'CREATED',
        revision: '1',
        diff: { entries: [], class: 'CONFIG' },
        findings: [],
      },
    ],
  }),
  Lint: () => ({
    findings: [
      {
        rule: 'missing-config-template',
        severity: 'WARNING',
        field: 'deploy_templates[0].containers[0].config_volume_mounts[0].sub_path',
        message: '"task-config.conf" is no key of config_templates',
        suggestion: 'add the file, or remove the mount',
      },
    ],
  }),
  Diff: () => ({
    diff: {
      entries: [{ path: 'image.tag', kind: 'CHANGED', old_value: 'v1.0.0', new_value: 'v1.0.1', class: 'IMAGE' }],
      class: 'IMAGE',
    },
    from_revision: '1',
    to_revision: '2',
  }),
};

/** What a method answers on success. */
export function responseExample(method: Method): object {
  const error = new AppImageError('UNEXPECTED', '');
  const empty = JSON.parse(Buffer.from(encodeFailure(error, 'json', method.descriptor.output)).toString()) as object;
  return { ...empty, status: SUCCESS, ...SUCCESS_FIELDS[method.name]?.() };
}

/** What a method answers to failures of one status, by the name of the failure. */
export function errorExamples(
  method: Method | StreamMethod,
  errors: readonly ErrorName[],
): Record<string, { readonly value: unknown }> {
  return Object.fromEntries(
    errors.map((name) => {
      const error = name === 'REQUEST_INVALID' ? INVALID_NAME : new AppImageError(name, ERRORS[name].meaning);
      const body = Buffer.from(encodeFailure(error, 'json', method.descriptor.output)).toString();
      return [name, { value: JSON.parse(body) as unknown }];
    }),
  );
}

/** The document's template as a query returns it: through the codec itself, so that it has every field. */
function storedTemplate(): unknown {
  const bytes = Buffer.from(JSON.stringify(REQUEST_EXAMPLES['CreateAppImage']));
  const { message } = new JsonDecoder<object>(messageDescriptor('CreateAppImageRequest')).decode(bytes, 'Ignore');
  return JSON.parse(new JsonEncoder<object>(messageDescriptor('QueryAppImageResponseData')).encode(message)) as unknown;
}
