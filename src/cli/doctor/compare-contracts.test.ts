import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { serviceDescriptor } from '../../transport/wire/schema.js';
import { checkVersion } from './check-service.js';
import { compareContracts } from './compare-contracts.js';

/** The contract of this version, to be changed into that of another one. */
function contract(): FileDescriptorProto {
  const { proto } = serviceDescriptor('appimage.v1.AppImageRegistryService').file;
  return fromBinary(FileDescriptorProtoSchema, toBinary(FileDescriptorProtoSchema, proto));
}

/** A server whose reflection answers with a file: field 4 of the answer holds it in its field 1. */
function serving(file: FileDescriptorProto | undefined): { exchange: () => Promise<Buffer | undefined> } {
  const answer =
    file === undefined
      ? undefined
      : new BinaryWriter()
          .tag(4, WireType.LengthDelimited)
          .fork()
          .tag(1, WireType.LengthDelimited)
          .bytes(toBinary(FileDescriptorProtoSchema, file))
          .join()
          .finish();
  return { exchange: () => Promise.resolve(answer === undefined ? undefined : Buffer.from(answer)) };
}

describe('compareContracts', () => {
  it('finds nothing where the server serves the same contract', async () => {
    expect(await compareContracts(serving(contract()))).toEqual({ missing: [], unknown: [] });
    expect(await checkVersion(serving(contract()), '1.2.3')).toMatchObject({ status: 'ok' });
  });

  it('finds the methods and fields that an older server lacks', async () => {
    const older = contract();
    for (const service of older.service) {
      service.method = service.method.filter(({ name }) => name !== 'Watch');
    }
    for (const message of older.messageType.filter(({ name }) => name === 'ApplyRequest')) {
      message.field = message.field.filter(({ name }) => name !== 'message');
    }
    expect(await compareContracts(serving(older))).toEqual({ missing: ['Watch', 'ApplyRequest.message'], unknown: [] });
    const check = await checkVersion(serving(older), '1.2.3');
    expect(check).toMatchObject({ status: 'failed', exit: 'FAILED' });
    expect(check.message).toBe('the server is older than appimagectl 1.2.3: it lacks Watch, ApplyRequest.message');
  });

  it('finds what a newer server has, which is no fault', async () => {
    const newer = contract();
    for (const { method } of newer.service) {
      method.push(...method.filter(({ name }) => name === 'Lint').map((lint) => ({ ...lint, name: 'Sign' })));
    }
    expect(await compareContracts(serving(newer))).toEqual({ missing: [], unknown: ['Sign'] });
    expect(await checkVersion(serving(newer), '1.2.3')).toMatchObject({ status: 'warning' });
  });

  it('says so where the server does not tell', async () => {
    expect(await compareContracts(serving(undefined))).toBeUndefined();
    expect(await checkVersion(serving(undefined), '1.2.3')).toMatchObject({ status: 'warning' });
  });
});
