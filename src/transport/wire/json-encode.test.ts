import { fromBinary, fromJsonString } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AppImageDeclaration,
  ApplyResponse,
  ApplyResult_Outcome,
  DiffClass,
  DiffEntry_Kind,
  GetRevisionResponse,
} from '../../../gen/appimage/v1/registry.js';
import { QueryAppImageResponseData } from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import { anyAppImage } from '../../../test/support/app-image-arbitraries.js';
import type { AppImage } from '../../domain/app-image/app-image.js';
import { normaliseAppImage } from '../../domain/app-image/normalise-app-image.js';
import { AppImageError, invalidRequest } from '../../domain/errors.js';
import { appImageCodec } from './app-image-codec.js';
import { encodeFailure, failureStatus } from './envelope.js';
import { JsonDecoder } from './json-decode.js';
import { JsonEncoder } from './json-encode.js';
import { messageDescriptor, registry } from './schema.js';

const templates = new JsonDecoder<AppImage>(messageDescriptor('QueryAppImageResponseData'));

function json(appImage: AppImage): string {
  return Buffer.from(appImageCodec.encode(appImage).json).toString();
}

describe('the JSON of a template', () => {
  it('has our fields behind those of the contract, only where they are set', () => {
    const bare = { name: 'a', deployTemplates: [{ containers: [{ ports: [{ name: 'p' }] }] }] };
    expect(json(QueryAppImageResponseData.fromPartial(bare))).not.toMatch(
      /labels|annotations|network_policy|affinity|"port"|metric_probe|security_context/,
    );
    const appImage = QueryAppImageResponseData.fromPartial({
      ...bare,
      deployTemplates: [
        {
          containers: [
            {
              ports: [{ name: 'p', port: 80 }],
              metricProbe: { path: '/m', port: 'p' },
              securityContext: '{"privileged":false}',
            },
          ],
          networkPolicy: { ingresses: [{ from: { roles: ['r'] }, ports: [{ port: 'p' }] }] },
          affinity: '{"n":9007199254740993}',
        },
      ],
      labels: new Map([['k', 'v']]),
      annotations: new Map([['x', 'y']]),
    });
    const text = json(appImage);
    expect(text).toContain('"ports":[{"name":"p","protocol":"","scope":"","port":80}]');
    expect(text).toContain(
      '"image_pull_policy":"","metric_probe":{"path":"/m","port":"p"},"security_context":{"privileged":false}}]',
    );
    expect(text).toContain(
      '"network_policy":{"ingresses":[{"from":{"roles":["r"]},"ports":[{"port":"p"}]}]},"affinity":{"n":9007199254740993}}]',
    );
    expect(text.endsWith(',"labels":{"k":"v"},"annotations":{"x":"y"}}')).toBe(true);
  });

  it('shows what is set but empty', () => {
    const appImage = QueryAppImageResponseData.fromPartial({
      deployTemplates: [{ networkPolicy: {}, affinity: '{}', containers: [{ metricProbe: {} }] }],
    });
    expect(json(appImage)).toContain('"metric_probe":{"path":"","port":""}');
    expect(json(appImage)).toContain('"network_policy":{"ingresses":[]},"affinity":{}}');
  });

  it('read again gives the same template and the same bytes, whatever its texts hold', () => {
    fc.assert(
      fc.property(anyAppImage, (given) => {
        const appImage = normaliseAppImage(given);
        const text = json(appImage);
        const { message, warnings } = templates.decode(Buffer.from(text), 'Strict');
        expect(warnings).toEqual([]);
        // A service brings what it has read into this form as well, since objects of JavaScript order some keys by themselves.
        expect(json(normaliseAppImage(message))).toBe(text);
        expect(appImageCodec.encode(normaliseAppImage(message)).protobuf).toEqual(
          appImageCodec.encode(appImage).protobuf,
        );
      }),
    );
  });
});

describe('JsonEncoder of messages of our own package', () => {
  const applied = new JsonEncoder<ApplyResponse>(messageDescriptor('appimage.v1.ApplyResponse'));
  const declaration = new JsonEncoder<AppImageDeclaration>(messageDescriptor('appimage.v1.AppImageDeclaration'));
  const revision = new JsonEncoder<GetRevisionResponse>(messageDescriptor('appimage.v1.GetRevisionResponse'));

  it('writes enums by name, absent messages as null, and violations with their type', () => {
    const status = failureStatus(invalidRequest([{ field: 'name', description: 'bad' }]));
    const text = applied.encode(
      ApplyResponse.fromPartial({
        status: { message: 'success' },
        results: [
          { name: 'a', status, outcome: ApplyResult_Outcome.CREATED, revision: 1n },
          { diff: { entries: [{ kind: DiffEntry_Kind.ADDED, class: DiffClass.CONFIG }] } },
        ],
      }),
    );
    expect(text).toContain(
      '{"status":{"code":0,"message":"success","details":[]},"results":[{"name":"a","status":{"code":11100,',
    );
    expect(text).toContain(
      '"details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","field_violations":[{"field":"name","description":"bad"}]}]},"outcome":"CREATED","revision":"1","diff":null,"findings":[]}',
    );
    expect(text).toContain('"outcome":"OUTCOME_UNSPECIFIED"');
    expect(text).toContain(
      '"kind":"ADDED","old_value":"","new_value":"","class":"CONFIG"}],"class":"DIFF_CLASS_UNSPECIFIED"',
    );
  });

  it('writes what any client of proto3 JSON reads', () => {
    const output = messageDescriptor('appimage.v1.ApplyResponse');
    const response = ApplyResponse.fromPartial({
      status: failureStatus(invalidRequest([{ field: '', description: 'bad' }])),
      results: [{ outcome: ApplyResult_Outcome.UNCHANGED, findings: [{ rule: 'r', severity: 2 }], diff: {} }],
    });
    expect(fromJsonString(output, applied.encode(response), { registry })).toEqual(
      fromBinary(output, ApplyResponse.encode(response).finish()),
    );
  });

  it('writes an absent optional field as null and a zero as zero', () => {
    expect(declaration.encode({ appImage: undefined })).toBe('{"app_image":null,"if_revision":null}');
    expect(declaration.encode({ appImage: undefined, ifRevision: 0n })).toBe('{"app_image":null,"if_revision":"0"}');
  });

  it('writes points in time with milliseconds, in UTC', () => {
    const response = { createTime: new Date(Date.UTC(2024, 0, 31, 12)) };
    expect(revision.encode(GetRevisionResponse.fromPartial({ revision: response }))).toContain(
      '"create_time":"2024-01-31T12:00:00.000Z"',
    );
    expect(revision.encode(GetRevisionResponse.fromPartial({ revision: {} }))).toContain('"create_time":null');
  });

  it('refuses an Any of a type that the service never sends', () => {
    const status = { details: [{ typeUrl: 'x', value: Buffer.alloc(0) }] };
    expect(() => applied.encode(ApplyResponse.fromPartial({ status }))).toThrow('an Any holds x');
  });

  it('gives a failure its other fields with their defaults', () => {
    const error = new AppImageError('APP_IMAGE_NOT_FOUND', 'no');
    const failure = (name: string) =>
      Buffer.from(encodeFailure(error, 'json', messageDescriptor(`appimage.v1.${name}`))).toString();
    expect(failure('DiffResponse')).toBe(
      '{"status":{"code":13105,"message":"no","details":[]},"diff":null,"from_revision":"0","to_revision":"0"}',
    );
  });
});
