import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Method, StreamMethod } from '../wire/method.js';
import { openApiDocument } from './openapi/document.js';

/** Nothing from elsewhere is loaded, and the page may talk to this service only. Swagger UI sets styles from its script. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

// Addresses are relative, so that the page works behind a proxy that adds a prefix.
const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>AppImage API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" type="image/png" href="docs/favicon.png">
</head>
<body>
<div id="page"><p>This page needs JavaScript; the same as a document: <a href="openapi.json">openapi.json</a></p></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`;

const START_SCRIPT = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#page',
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
`;

/** A file that is served as it is. */
interface Resource {
  readonly path: string;
  readonly contentType: string;
  readonly read: () => Buffer;
}

/**
 * Serves the OpenAPI document and a page to read it. Neither needs a token: they hold nothing but the contract.
 * @returns the paths
 */
export function addDocumentation(
  app: FastifyInstance,
  methods: readonly Method[],
  streams: readonly StreamMethod[],
): readonly string[] {
  const resources: readonly Resource[] = [
    {
      path: '/openapi.json',
      contentType: 'application/json',
      read: () => Buffer.from(JSON.stringify(openApiDocument(methods, streams), undefined, 2)),
    },
    { path: '/docs', contentType: 'text/html; charset=utf-8', read: () => Buffer.from(PAGE) },
    { path: '/docs/start.js', contentType: 'text/javascript; charset=utf-8', read: () => Buffer.from(START_SCRIPT) },
    asset('swagger-ui-bundle.js', 'swagger-ui-bundle.js', 'text/javascript; charset=utf-8'),
    asset('swagger-ui.css', 'swagger-ui.css', 'text/css; charset=utf-8'),
    asset('favicon.png', 'favicon-32x32.png', 'image/png'),
  ];
  for (const resource of resources) {
    app.get(resource.path, serve(resource));
  }
  return resources.map(({ path }) => path);
}

function asset(name: string, file: string, contentType: string): Resource {
  return {
    path: `/docs/${name}`,
    contentType,
    read: () => readFileSync(createRequire(import.meta.url).resolve(`swagger-ui-dist/${file}`)),
  };
}

function serve({ contentType, read }: Resource): (request: FastifyRequest, reply: FastifyReply) => FastifyReply {
  let content: { readonly bytes: Buffer; readonly etag: string } | undefined;
  return (request, reply) => {
    if (content === undefined) {
      const bytes = read();
      content = { bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url')}"` };
    }
    void reply.headers({
      'x-request-id': request.id,
      etag: content.etag,
      'cache-control': 'no-cache',
      'content-type': contentType,
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    return request.headers['if-none-match'] === content.etag ? reply.code(304).send() : reply.send(content.bytes);
  };
}
