import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Config } from './config/options.js';
import type { Serving } from './process/serving.js';

/** What someone sees who has just started the server: where it listens, and a command to paste. */
export function banner(config: Config, app: Serving): string {
  const scheme = config.protocol === 'NOTLS' ? 'http' : 'https';
  const host = ['::', '0.0.0.0', '127.0.0.1', '::1'].includes(config.host) ? 'localhost' : config.host;
  return [
    `AppImage service, ${config.protocol}, store ${config.store === 'lmdb' ? resolve(config.dataDir) : 'MongoDB'}`,
    `  HTTP   ${scheme}://${host}:${app.http.port}   (documentation: /docs)`,
    `  gRPC   ${host}:${app.grpc.port}`,
    `  admin  http://${config.adminHost}:${app.admin.port}/readyz and /metrics`,
    '',
    'Register a first template:',
    '',
    createCommand(config, `${scheme}://${host}:${app.http.port}`),
    '',
  ].join('\n');
}

/** A template of a small web server: everything that a create needs and nothing else. */
const FIRST_TEMPLATE = JSON.stringify({
  name: 'my-first-app',
  image: { name: 'nginx', tag: '1.29' },
  deploy_templates: [
    { name: 'web', containers: [{ name: 'web', ports: [{ name: 'http', protocol: 'HTTP', scope: 'Cluster' }] }] },
  ],
});

function createCommand(config: Config, origin: string): string {
  const lines = [`curl -X POST '${origin}/api/v1/appimage/create'`, `--header 'Content-Type: application/json'`];
  if (config.tokenFile !== undefined) {
    lines.push(`--header "Token: $(cat '${resolve(config.tokenFile)}')"`);
  } else if (config.tokensFile !== undefined) {
    lines.push(`--header 'Token: <a token of ${resolve(config.tokensFile)}>'`);
  }
  if (config.protocol !== 'NOTLS') {
    lines.push(`--cacert '${resolve(config.caFile)}'`);
  }
  if (config.protocol === 'MTLS') {
    const client = join(config.certsDir, 'client');
    const [certificate, key] = existsSync(`${client}.key`)
      ? [`${client}.crt`, `${client}.key`]
      : [config.certFile, config.keyFile];
    lines.push(`--cert '${resolve(certificate)}'`, `--key '${resolve(key)}'`);
  }
  lines.push(`-d '${FIRST_TEMPLATE}'`);
  return lines.join(' \\\n  ');
}
