import type { DescService } from '@bufbuild/protobuf';
import { FIELD_VALIDATIONS, type Method, type StreamMethod } from '../../wire/method.js';
import { requestExample } from '../examples/requests.js';
import { MessageSchemas } from './message-schemas.js';
import { commentOf } from './proto-comments.js';
import { bodies, RESPONSE_HEADERS, responsesOf } from './responses.js';
import { streamPaths, WATCH_COOKIE_SCHEME } from './stream-operations.js';

const DESCRIPTION = `Templates of application images: which container image an application uses, which configuration files it needs, and how its
containers are deployed for each role. The same methods are there over gRPC.

* Every method but \`Watch\` takes \`POST\`. A request is JSON, or protobuf with \`Content-Type: application/x-protobuf\`; the response has the form of the request.
* Every response carries \`status\`: code 0 is success. The HTTP status says the same, unless the service is set to answer 200 to whatever passed
  authentication (\`httpErrorStatus: kuscia\`).
* JSON input takes the names of fields as they stand here or in lowerCamelCase; \`null\` means absent; integers may be numbers or decimal strings. JSON
  output has every field, but those that Kuscia's API lacks only where they are set.
* Unless the service is set up without TLS, a client certificate and a token are needed.`;

const MUTATIONS_OF_REVISIONS: readonly string[] = ['UpdateAppImage', 'DeleteAppImage'];

/** Parameters of requests, under `components`. */
const PARAMETERS = {
  FieldValidation: {
    name: 'fieldValidation',
    in: 'query',
    description:
      'What becomes of JSON fields that the contract does not know: `Ignore` drops them, `Warn` drops them and tells so in a `Warning` header for each, `Strict` refuses the request, which it also does for a key that occurs twice.',
    schema: { type: 'string', enum: FIELD_VALIDATIONS, default: 'Warn' },
  },
  RequestId: {
    name: 'x-request-id',
    in: 'header',
    description:
      'An id for the request, 1 to 128 visible ASCII characters without quotes, backslash and angle brackets. One is made where it is absent or does not fit.',
    schema: { type: 'string', minLength: 1, maxLength: 128 },
  },
  IfMatch: {
    name: 'if-match',
    in: 'header',
    description: 'Revisions, as in the `ETag` of a query, of which one must be the stored one; `*` for any.',
    schema: { type: 'string', examples: ['"1"'] },
  },
} as const;

const SECURITY_SCHEMES = {
  clientCertificate: {
    type: 'mutualTLS',
    description: 'A client certificate of the authority that the service is set up with.',
  },
  token: { type: 'apiKey', in: 'header', name: 'Token', description: 'A token, as in the file `certs/token`.' },
  watchCookie: WATCH_COOKIE_SCHEME,
  bearer: { type: 'http', scheme: 'bearer', description: 'The same token, as `Authorization: Bearer`.' },
} as const;

/** The OpenAPI 3.1 document of the gateway, made of the contract's descriptors and comments, the methods, the streams and the error table. */
export function openApiDocument(methods: readonly Method[], streams: readonly StreamMethod[]): object {
  const all = [...methods, ...streams];
  const schemas = new MessageSchemas(all.map(({ descriptor }) => descriptor.output));
  const services = [...new Set(all.map(({ descriptor }) => descriptor.parent))];
  const paths = Object.fromEntries([
    ...methods.flatMap((method) =>
      method.httpPaths.map((path, index) => [path, { post: operation(method, schemas, index) }] as const),
    ),
    ...streams.flatMap((stream) => Object.entries(streamPaths(stream, schemas))),
  ]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'AppImage API',
      version: 'v1',
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: services.map((service) => ({ name: service.name, description: commentOf(service) })),
    security: [
      { clientCertificate: [], token: [] },
      { clientCertificate: [], bearer: [] },
    ],
    paths,
    components: {
      schemas: schemas.all,
      parameters: PARAMETERS,
      headers: RESPONSE_HEADERS,
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

/** @param spelling 0 for the method's own path, more for other spellings of it */
function operation(method: Method, schemas: MessageSchemas, spelling: number): object {
  const { descriptor, name, role } = method;
  const comment = commentOf(descriptor).replace(/ *HTTP: `POST.*$/s, '');
  const example = requestExample(method);
  return {
    operationId: spelling === 0 ? descriptor.name : `${descriptor.name}${spelling + 1}`,
    summary: spelling === 0 ? firstSentence(comment) : `Another spelling of ${method.httpPaths[0]}.`,
    description: `${comment}\n\nNeeds the role \`${role}\`. Over gRPC: \`${fullName(descriptor.parent)}/${descriptor.name}\`.`,
    tags: [descriptor.parent.name],
    parameters: [
      parameterReference('FieldValidation'),
      parameterReference('RequestId'),
      ...(MUTATIONS_OF_REVISIONS.includes(name) ? [parameterReference('IfMatch')] : []),
    ],
    requestBody: {
      required: true,
      content: bodies(
        schemas.input(descriptor.input),
        method,
        example === undefined ? undefined : { document: { value: example } },
        descriptor.input,
      ),
    },
    responses: responsesOf(method, schemas),
  };
}

function fullName(service: DescService): string {
  return service.typeName;
}

function firstSentence(text: string): string {
  return /^.*?\.(?=\s|$)/s.exec(text)?.[0] ?? text;
}

function parameterReference(name: keyof typeof PARAMETERS): object {
  return { $ref: `#/components/parameters/${name}` };
}
