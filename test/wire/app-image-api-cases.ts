import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient, ApiReply } from '../support/api-client.js';

const example = JSON.parse(readFileSync('test/fixtures/requests/create.json', 'utf8')) as ExampleRequest;

interface ExampleRequest {
  readonly name: string;
  readonly image: { readonly name: string; readonly tag: string; readonly id: string; readonly sign: string };
  readonly config_templates: Readonly<Record<string, string>>;
  readonly deploy_templates: readonly [{ readonly containers: readonly [object]; readonly [field: string]: unknown }];
}

let lastName = 0;

/** A name that no other case uses. */
export function freshName(): string {
  lastName += 1;
  return `case-${process.pid}-${lastName}`;
}

/** A small valid template. */
export function smallTemplate(name: string): object {
  return {
    name,
    image: { name: 'app', tag: 'v1' },
    deploy_templates: [{ name: 'app', containers: [{ name: 'app' }] }],
  };
}

/** The document's example with the name of the secret reference as in the contract, under a fresh name. */
function exampleTemplate(name: string): object {
  const text = JSON.stringify({ ...example, name }).replaceAll('secret_map_ref', 'secret_ref');
  return JSON.parse(text) as object;
}

/** What the API document and the contract say of the methods, proved through one client. */
export function describeAppImageApi(title: string, connect: () => ApiClient): void {
  describe(title, () => {
    let client: ApiClient;
    beforeAll(() => {
      client = connect();
    });

    const create = (template: object): Promise<ApiReply> => client.call('createAppImage', template);
    const query = (name: string): Promise<ApiReply> => client.call('queryAppImage', { name });
    const created = async (template: object = smallTemplate(freshName())): Promise<string> => {
      expect(await create(template)).toMatchObject({ code: 0, message: 'success' });
      return (template as { name: string }).name;
    };

    describe('create', () => {
      it("stores the document's example and returns it as it went in", async () => {
        const name = await created(exampleTemplate(freshName()));
        const { data, code } = await query(name);
        expect(code).toBe(0);
        expect(data).toMatchObject(exampleTemplate(name));
      });

      it('stores 1 for replicas that are 0 or absent', async () => {
        const name = await created();
        expect((await query(name)).data).toMatchObject({ deploy_templates: [{ replicas: 1 }] });
      });

      it('refuses a name that exists with 13106 and leaves the stored one alone', async () => {
        const name = await created();
        expect(await create({ ...smallTemplate(name), image: { name: 'other' } })).toMatchObject({
          code: 13106,
          message: expect.stringContaining(name) as string,
        });
        expect((await query(name)).data).toMatchObject({ image: { name: 'app', tag: 'v1' } });
      });

      it('reports every fault at once with 11100 and stores nothing', async () => {
        const name = freshName();
        const refused = await create({
          name,
          image: { name: 'app:v1' },
          deploy_templates: [
            {
              name: 'App',
              restart_policy: 'never',
              containers: [{ name: 'c', ports: [{ name: 'p', protocol: 'TCP' }] }],
            },
          ],
        });
        expect(refused.code).toBe(11100);
        expect(refused.violations.map((violation) => violation.split(':')[0])).toEqual([
          'image.name',
          'deploy_templates[0].name',
          'deploy_templates[0].restart_policy',
          'deploy_templates[0].containers[0].ports[0].protocol',
        ]);
        expect((await query(name)).code).toBe(13105);
      });

      it('keeps keys with dots, dollars and other odd characters, and every text as it is', async () => {
        const name = freshName();
        const config_templates = {
          'a.b.c': '1',
          $set: '$x',
          ['__proto__']: 'p',
          '': undefined,
          'é 中 😀': '\u0000\n\t"\\',
          z: '',
        };
        await created({
          ...smallTemplate(name),
          config_templates: JSON.parse(JSON.stringify(config_templates)) as object,
        });
        expect((await query(name)).data?.['config_templates']).toEqual(JSON.parse(JSON.stringify(config_templates)));
      });

      it('keeps what manifests hold beyond the contract of Kuscia', async () => {
        const name = freshName();
        const container = {
          name: 'app',
          ports: [{ name: 'p', port: 8080 }, { name: 'q' }],
          metric_probe: { path: '/metrics', port: 'p' },
          security_context: { runAsUser: 1000, capabilities: { drop: ['ALL'], add: [] } },
        };
        await created({
          ...smallTemplate(name),
          deploy_templates: [
            {
              name: 'app',
              containers: [container],
              network_policy: { ingresses: [{ from: { roles: ['server'] }, ports: [{ port: 'p' }] }] },
              affinity: { podAntiAffinity: {}, nodeAffinity: null },
            },
          ],
          labels: { 'app.kubernetes.io/name': 'demo', tier: '' },
          annotations: { note: 'any text' },
        });
        const { data } = await query(name);
        expect(data).toMatchObject({
          labels: { 'app.kubernetes.io/name': 'demo', tier: '' },
          annotations: { note: 'any text' },
          deploy_templates: [
            {
              network_policy: { ingresses: [{ from: { roles: ['server'] }, ports: [{ port: 'p' }] }] },
              affinity: '{"nodeAffinity":null,"podAntiAffinity":{}}',
              containers: [
                {
                  ports: [
                    { name: 'p', port: 8080 },
                    { name: 'q', port: 0 },
                  ],
                  metric_probe: { path: '/metrics', port: 'p' },
                  security_context: '{"capabilities":{"add":[],"drop":["ALL"]},"runAsUser":1000}',
                },
              ],
            },
          ],
        });
      });

      it('refuses labels, annotations and objects that break a rule, each by its path', async () => {
        const refused = await create({
          ...smallTemplate(freshName()),
          deploy_templates: [{ name: 'app', containers: [{ name: 'app', security_context: '[]' }], affinity: '{' }],
          labels: { '-': '' },
          annotations: { 'a b': '' },
        });
        expect(refused.code).toBe(11100);
        expect(refused.violations.map((violation) => violation.split(':')[0])).toEqual([
          'deploy_templates[0].containers[0].security_context',
          'deploy_templates[0].affinity',
          'labels["-"]',
          'annotations["a b"]',
        ]);
      });

      it('keeps 64-bit integers exactly', async () => {
        const name = freshName();
        const probe = { exec: { command: ['true'] }, termination_grace_period_seconds: '9007199254740993' };
        await created({
          ...smallTemplate(name),
          deploy_templates: [{ name: 'app', containers: [{ name: 'app', liveness_probe: probe }] }],
        });
        expect((await query(name)).data).toMatchObject({
          deploy_templates: [{ containers: [{ liveness_probe: probe }] }],
        });
      });

      it('gives the first revision as entity tag', async () => {
        expect((await create(smallTemplate(freshName()))).etag).toBe('"1"');
      });
    });

    describe('update', () => {
      it('merges the image field by field and leaves what is not given', async () => {
        const name = await created(exampleTemplate(freshName()));
        expect(await client.call('updateAppImage', { name, image: { name: 'app-image', id: 'new-id' } })).toMatchObject(
          { code: 0 },
        );
        const { data } = await query(name);
        expect(data).toMatchObject({ ...exampleTemplate(name), image: { ...example.image, id: 'new-id' } });
      });

      it('clears id and sign where a new tag makes them stale', async () => {
        const name = await created(exampleTemplate(freshName()));
        await client.call('updateAppImage', { name, image: { name: 'app-image', tag: 'v2', sign: 's2' } });
        expect((await query(name)).data?.['image']).toEqual({ name: 'app-image', tag: 'v2', id: '', sign: 's2' });
      });

      it('replaces configuration files and deploy templates as a whole', async () => {
        const name = await created(exampleTemplate(freshName()));
        const deploy_templates = [{ name: 'b', role: 'client', replicas: 3, containers: [{ name: 'b' }] }];
        await client.call('updateAppImage', {
          name,
          image: { name: 'app-image' },
          config_templates: { 'new.conf': 'x' },
          deploy_templates,
        });
        const { data } = await query(name);
        expect(data?.['config_templates']).toEqual({ 'new.conf': 'x' });
        expect(data?.['deploy_templates']).toMatchObject(deploy_templates);
        expect(data?.['deploy_templates']).toHaveLength(1);
      });

      it('replaces labels and annotations, or one of their keys, and leaves them where they are not given', async () => {
        const name = await created({
          ...smallTemplate(freshName()),
          labels: { a: '1', 'b.c/d': '2' },
          annotations: { note: 'x' },
        });
        const update = (message: object): Promise<ApiReply> =>
          client.call('updateAppImage', { name, image: { name: 'app' }, ...message });
        await update({});
        expect((await query(name)).data).toMatchObject({
          labels: { a: '1', 'b.c/d': '2' },
          annotations: { note: 'x' },
        });
        await update({ labels: { e: '3', f: '4' } });
        expect((await query(name)).data?.['labels']).toEqual({ e: '3', f: '4' });
        expect(await update({ labels: { e: '5' }, update_mask: 'labels.e,labels.f,annotations' })).toMatchObject({
          code: 0,
        });
        expect((await query(name)).data).toMatchObject({ labels: { e: '5' }, annotations: {} });
        expect((await query(name)).data?.['labels']).toEqual({ e: '5' });
      });

      it('sets exactly the paths of a mask, one key of a map among them', async () => {
        const name = await created({
          ...smallTemplate(freshName()),
          config_templates: { 'a.conf': '1', 'b.conf': '2' },
        });
        const update = {
          name,
          config_templates: { 'a.conf': 'new' },
          update_mask: 'configTemplates.`a.conf`,image.tag',
        };
        expect(await client.call('updateAppImage', update)).toMatchObject({ code: 0 });
        expect((await query(name)).data).toMatchObject({
          image: { name: 'app', tag: '' },
          config_templates: { 'a.conf': 'new', 'b.conf': '2' },
        });
      });

      it('refuses a path that does not exist, and an update without an image', async () => {
        const name = await created();
        expect(await client.call('updateAppImage', { name, update_mask: 'image.tga' })).toMatchObject({ code: 11100 });
        expect(await client.call('updateAppImage', { name })).toMatchObject({ code: 11100 });
        expect((await query(name)).etag).toBe('"1"');
      });

      it('answers 13105 where there is no such template', async () => {
        expect(await client.call('updateAppImage', { name: freshName(), image: { name: 'x' } })).toMatchObject({
          code: 13105,
        });
      });

      it('honours If-Match with 13150', async () => {
        const name = await created();
        const image = { name: 'app', tag: 'v2' };
        expect(await client.call('updateAppImage', { name, image }, { ifMatch: '"7"' })).toMatchObject({ code: 13150 });
        expect(await client.call('updateAppImage', { name, image }, { ifMatch: '"1"' })).toMatchObject({
          code: 0,
          etag: '"2"',
        });
        expect(await client.call('updateAppImage', { name, image }, { ifMatch: '"1"' })).toMatchObject({ code: 13150 });
        expect(await client.call('updateAppImage', { name, image }, { ifMatch: '*' })).toMatchObject({ code: 0 });
      });

      it('loses none of many concurrent updates', async () => {
        const name = await created();
        const keys = Array.from({ length: 40 }, (_, index) => `key-${index}.conf`);
        const replies = await Promise.all(
          keys.map((key) =>
            client.call('updateAppImage', {
              name,
              config_templates: { [key]: key },
              update_mask: `configTemplates.\`${key}\``,
            }),
          ),
        );
        expect(new Set(replies.map(({ code }) => code))).toEqual(new Set([0]));
        expect(Object.keys((await query(name)).data?.['config_templates'] as object)).toHaveLength(keys.length);
      });
    });

    describe('delete', () => {
      it('removes a template, after which every method answers 13105', async () => {
        const name = await created();
        expect(await client.call('deleteAppImage', { name })).toMatchObject({ code: 0 });
        expect(await query(name)).toMatchObject({ code: 13105 });
        expect(await client.call('deleteAppImage', { name })).toMatchObject({ code: 13105 });
        expect(await client.call('batchQueryAppImage', { names: [name] })).toMatchObject({ code: 13105 });
      });

      it('never uses a revision again, so that an old If-Match cannot hit a new template', async () => {
        const name = await created();
        await client.call('deleteAppImage', { name });
        const again = await create(smallTemplate(name));
        expect(again).toMatchObject({ code: 0 });
        expect(again.etag).not.toBe('"1"');
        expect(await client.call('deleteAppImage', { name }, { ifMatch: '"1"' })).toMatchObject({ code: 13150 });
      });

      it.each(['', 'Not A Label', 'x'.repeat(1_000_000), '../etc/passwd', 'a\u0000b'])(
        'answers 13105 to a name that cannot be',
        async (name) => {
          expect(await client.call('deleteAppImage', { name })).toMatchObject({ code: 13105 });
          expect(await query(name)).toMatchObject({ code: 13105 });
        },
      );
    });

    describe('batch query', () => {
      it('answers in the order asked, repeats included', async () => {
        const [a, b] = [await created(), await created()];
        const { code, data } = await client.call('batchQueryAppImage', { names: [b, a, b] });
        expect(code).toBe(0);
        expect(data).toMatchObject([{ name: b }, { name: a }, { name: b }]);
      });

      it('names every missing template and returns no data', async () => {
        const name = await created();
        const reply = await client.call('batchQueryAppImage', { names: ['gone-1', name, 'gone-2'] });
        expect(reply).toMatchObject({ code: 13105, data: [] });
        expect(reply.message).toMatch(/gone-1.*gone-2/);
        expect(reply.message).not.toContain(name);
      });

      it('refuses no name, too many, and an empty one by its index', async () => {
        expect(await client.call('batchQueryAppImage', { names: [] })).toMatchObject({ code: 11100 });
        expect(
          await client.call('batchQueryAppImage', { names: Array.from({ length: 1001 }, () => 'a') }),
        ).toMatchObject({ code: 11100 });
        const reply = await client.call('batchQueryAppImage', { names: ['a', ''] });
        expect(reply).toMatchObject({ code: 11100, message: expect.stringContaining('index 1') as string });
      });
    });

    describe('list', () => {
      it('walks through every template once, in order, page by page', async () => {
        const names = await Promise.all(Array.from({ length: 7 }, () => created()));
        const seen: string[] = [];
        let token = '';
        do {
          const { code, data } = await client.call('listAppImage', { page_size: 3, page_token: token });
          expect(code).toBe(0);
          const page = data as { appimage_list: { name: string }[]; next_page_token: string };
          expect(page.appimage_list.length).toBeLessThanOrEqual(3);
          seen.push(...page.appimage_list.map(({ name }) => name));
          token = page.next_page_token;
        } while (token !== '');
        expect(seen).toEqual(seen.toSorted());
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen).toEqual(expect.arrayContaining(names));
      });

      it('returns ten templates unless told otherwise', async () => {
        await Promise.all(Array.from({ length: 11 }, () => created()));
        expect((await client.call('listAppImage', {})).data?.['appimage_list']).toHaveLength(10);
      });

      it('refuses a negative size and a token that is not ours', async () => {
        expect(await client.call('listAppImage', { page_size: -1 })).toMatchObject({ code: 11100 });
        expect(await client.call('listAppImage', { page_token: 'AAAA' })).toMatchObject({ code: 11100 });
        const first = (await client.call('listAppImage', { page_size: 1 })).data?.['next_page_token'] as string;
        expect(
          await client.call('listAppImage', { page_token: `${first.slice(0, -1)}${first.endsWith('A') ? 'B' : 'A'}` }),
        ).toMatchObject({ code: 11100 });
      });
    });

    it('answers ready while the store answers', async () => {
      expect(await client.call('healthZ', {})).toMatchObject({ code: 0, data: { ready: true } });
    });
  });
}
