import type { ApiClient } from '../support/api-client.js';

/** Creates a small template, or replaces it where it is there. */
export async function putTemplate(api: ApiClient, name: string, config: Record<string, string> = {}): Promise<void> {
  const template = {
    name,
    image: { name: 'app' },
    deploy_templates: [{ name: 'app', containers: [{ name: 'main' }] }],
    config_templates: config,
  };
  const created = await api.call('createAppImage', template);
  const { code, message } = created.code === 13106 ? await api.call('updateAppImage', template) : created;
  if (code !== 0) {
    throw new Error(`${code}: ${message}`);
  }
}
