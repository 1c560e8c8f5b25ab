import { describe, expect, it } from 'vitest';
import { messageDescriptor, serviceDescriptor } from '../../wire/schema.js';
import { MessageSchemas, type Schema } from './message-schemas.js';

const methods = [
  ...serviceDescriptor('AppImageService').methods,
  ...serviceDescriptor('appimage.v1.AppImageRegistryService').methods,
];

/** The schema of one field of a message, as it is read or written. */
function property(schemas: MessageSchemas, message: string, field: string): Schema | undefined {
  const { properties } = schemas.all[message] as { readonly properties: Readonly<Record<string, Schema>> };
  return properties[field];
}

describe('MessageSchemas', () => {
  const schemas = new MessageSchemas(methods.map(({ output }) => output));
  for (const { input, output } of methods) {
    schemas.input(input);
    schemas.output(output);
  }

  it('has a form for every field of both services, and a schema for every reference', () => {
    const references = [...JSON.stringify(schemas.all).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
      ([, name]) => name,
    );
    expect(references.length).toBeGreaterThan(50);
    expect(references.filter((name) => schemas.all[name ?? ''] === undefined)).toEqual([]);
  });

  it('shows enums as strings with the meaning of each value', () => {
    expect(property(schemas, 'WatchRequest', 'start')).toMatchObject({
      type: ['string', 'null'],
      enum: ['START_UNSPECIFIED', 'NOW', 'STATE', null],
      description: expect.stringMatching(/^Where to begin.*`NOW`: With the next change\./s) as string,
    });
    expect(property(schemas, 'LintFinding', 'severity')).toMatchObject({
      type: 'string',
      enum: ['LINT_SEVERITY_UNSPECIFIED', 'ERROR', 'WARNING', 'INFO'],
    });
  });

  it('shows the object that a field holds as text, which input may also bring as text', () => {
    expect(property(schemas, 'DeployTemplate', 'affinity')).toMatchObject({
      type: 'object',
      additionalProperties: true,
    });
    expect(property(schemas, 'ContainerInput', 'security_context')).toMatchObject({
      type: ['object', 'string', 'null'],
    });
  });

  it('does not promise extension fields in output', () => {
    const { required } = schemas.all['DeployTemplate'] as { readonly required: readonly string[] };
    expect(required).toContain('containers');
    expect(required).not.toContain('affinity');
  });

  it('shows points in time, and null where an optional field or a message may be absent', () => {
    expect(property(schemas, 'Revision', 'create_time')).toMatchObject({
      type: ['string', 'null'],
      format: 'date-time',
    });
    expect(property(schemas, 'AppImageDeclaration', 'if_revision')).toMatchObject({
      type: ['integer', 'string', 'null'],
      format: 'int64',
    });
    const declared = new MessageSchemas([]);
    declared.output(messageDescriptor('appimage.v1.AppImageDeclaration'));
    expect(property(declared, 'AppImageDeclaration', 'if_revision')).toMatchObject({ type: ['string', 'null'] });
  });
});
