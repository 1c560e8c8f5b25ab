import { Ajv, type ValidateFunction } from 'ajv';

/**
 * Compiles a JSON schema of ours, which is to name every fault of a value, with the value beside it. Schemas are not held against
 * the schema of schemas: compiling that took longer than compiling them, at each start, for what does not change between two
 * builds. Ajv still refuses keywords that it does not know.
 */
export function compileSchema<T>(schema: object): ValidateFunction<T> {
  return new Ajv({ strict: true, allErrors: true, verbose: true, meta: false, validateSchema: false }).compile<T>(
    schema,
  );
}
