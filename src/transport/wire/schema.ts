import { createFileRegistry, type DescField, type DescMessage, type DescService, fromBinary } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { DESCRIPTOR_SET_BASE64 } from '../../../gen/descriptor-set.js';

const PACKAGE = 'kuscia.proto.api.v1alpha1.kusciaapi';

/** The contract with its comments, imports included: the source of JSON, OpenAPI and reflection. */
export const registry = createFileRegistry(
  fromBinary(FileDescriptorSetSchema, Buffer.from(DESCRIPTOR_SET_BASE64, 'base64')),
);

/**
 * The descriptor of a message of the contract.
 * @param name full name, or the short one of a message in Kuscia's API package
 * @throws Error where the contract has no such message: a slip in our code
 */
export function messageDescriptor(name: string): DescMessage {
  const found = registry.getMessage(name.includes('.') ? name : `${PACKAGE}.${name}`);
  if (found === undefined) {
    throw new Error(`the contract has no message ${name}`);
  }
  return found;
}

/** Whether a field tells its default from no value at all: messages, and what the proto marks `optional`. */
export function hasPresence(field: DescField): boolean {
  return field.presence !== FeatureSet_FieldPresence.IMPLICIT;
}

/** The descriptor of a service of the contract; see {@link messageDescriptor}. */
export function serviceDescriptor(name: string): DescService {
  const found = registry.getService(name.includes('.') ? name : `${PACKAGE}.${name}`);
  if (found === undefined) {
    throw new Error(`the contract has no service ${name}`);
  }
  return found;
}
