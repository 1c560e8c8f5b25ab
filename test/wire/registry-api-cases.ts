import { beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient, ApiReply } from '../support/api-client.js';
import { freshName, smallTemplate } from './app-image-api-cases.js';

interface Entry {
  readonly path: string;
  readonly kind: string;
  readonly class: string;
}
interface Result {
  readonly name: string;
  readonly status: { readonly code: number };
  readonly outcome: string;
  readonly revision: string;
  readonly diff: { readonly entries: readonly Entry[]; readonly class: string };
  readonly findings: readonly { readonly rule: string }[];
}
interface RevisionJson {
  readonly revision: string;
  readonly deleted: boolean;
  readonly content_hash: string;
  readonly create_time: string;
  readonly token_name: string;
  readonly certificate_subject: string;
  readonly message: string;
  readonly method: string;
  readonly tags: readonly string[];
  readonly app_image?: { readonly image: { readonly tag: string } };
}

const withTag = (name: string, tag: string): object => ({ ...smallTemplate(name), image: { name: 'app', tag } });

/** What the registry adds to the AppImage API, proved through one client. */
export function describeRegistryApi(title: string, connect: () => ApiClient): void {
  describe(title, () => {
    let client: ApiClient;
    beforeAll(() => {
      client = connect();
    });

    const apply = async (
      templates: readonly object[],
      options: object = {},
    ): Promise<{ reply: ApiReply; results: readonly Result[] }> => {
      const reply = await client.call('apply', {
        app_images: templates.map((app_image) => ({ app_image })),
        ...options,
      });
      return { reply, results: reply.body['results'] as unknown as readonly Result[] };
    };
    const history = async (name: string): Promise<readonly RevisionJson[]> =>
      (await client.call('listRevisions', { name, page_size: 100 })).body[
        'revisions'
      ] as unknown as readonly RevisionJson[];

    describe('apply', () => {
      it('creates, updates, and leaves alone what means the same', async () => {
        const name = freshName();
        expect((await apply([smallTemplate(name)])).results).toMatchObject([
          { name, outcome: 'CREATED', revision: '1', status: { code: 0 } },
        ]);
        expect((await apply([withTag(name, 'v2')])).results).toMatchObject([
          {
            outcome: 'UPDATED',
            revision: '2',
            diff: { class: 'IMAGE', entries: [{ path: 'image.tag', kind: 'CHANGED', class: 'IMAGE' }] },
          },
        ]);
        const same = {
          ...withTag(name, 'v2'),
          deploy_templates: [{ name: 'app', replicas: 1, containers: [{ name: 'app' }] }],
        };
        expect((await apply([same])).results).toMatchObject([
          { outcome: 'UNCHANGED', revision: '2', diff: { entries: [] } },
        ]);
        expect(await history(name)).toHaveLength(2);
      });

      it('takes quantities that are spelled differently for the same', async () => {
        const name = freshName();
        const sized = (cpu: string) => ({
          ...smallTemplate(name),
          deploy_templates: [{ name: 'app', containers: [{ name: 'app', resources: { limits: { cpu } } }] }],
        });
        await apply([sized('1000m')]);
        expect((await apply([sized('1')])).results).toMatchObject([{ outcome: 'UNCHANGED' }]);
      });

      it('drops what the declaration lacks', async () => {
        const name = freshName();
        await apply([{ ...smallTemplate(name), config_templates: { 'a.conf': 'x' } }]);
        await apply([smallTemplate(name)]);
        expect((await client.call('queryAppImage', { name })).data).toMatchObject({ config_templates: {} });
      });

      it('answers a dry run as the real one, and stores nothing', async () => {
        const name = freshName();
        const dry = await apply([smallTemplate(name)], { dry_run: true });
        expect(await client.call('queryAppImage', { name })).toMatchObject({ code: 13105 });
        const real = await apply([smallTemplate(name)]);
        expect(dry.results).toEqual(real.results);
      });

      it('validates every template before it writes the first', async () => {
        const [good, bad] = [freshName(), freshName()];
        const { reply } = await apply([smallTemplate(good), { ...smallTemplate(bad), image: { name: '' } }]);
        expect(reply.code).toBe(11100);
        expect(reply.violations).toEqual([expect.stringMatching(/^app_images\[1\]\.app_image\.image\.name: /)]);
        expect(await client.call('queryAppImage', { name: good })).toMatchObject({ code: 13105 });
      });

      it('refuses no template, and the same name twice', async () => {
        const name = freshName();
        expect((await apply([])).reply.code).toBe(11100);
        expect((await apply([smallTemplate(name), smallTemplate(name)])).reply.code).toBe(11100);
      });

      it('gives each template its own outcome, one that conflicts included', async () => {
        const [a, b, c] = [freshName(), freshName(), freshName()];
        await apply([smallTemplate(b)]);
        const reply = await client.call('apply', {
          app_images: [
            { app_image: smallTemplate(a) },
            { app_image: withTag(b, 'v2'), if_revision: 0 },
            { app_image: smallTemplate(c), if_revision: 0 },
          ],
        });
        expect(reply.code).toBe(13150);
        expect(reply.body['results']).toMatchObject([
          { name: a, outcome: 'CREATED' },
          { name: b, outcome: 'OUTCOME_UNSPECIFIED', status: { code: 13150 } },
          { name: c, outcome: 'CREATED' },
        ]);
      });

      it('turns warnings into faults where asked, and reports them otherwise', async () => {
        const name = freshName();
        const doubtful = { ...smallTemplate(name), image: { name: 'app', tag: 'latest' } };
        expect((await apply([doubtful], { fail_on_warnings: true })).reply).toMatchObject({
          code: 11100,
          message: expect.stringContaining('mutable-image-tag') as string,
        });
        const { results } = await apply([doubtful]);
        expect(results[0]?.findings.map(({ rule }) => rule)).toContain('mutable-image-tag');
      });
    });

    describe('history', () => {
      it('has who, why, when and how of every change, the newest first, also of writers through the compatible API', async () => {
        const name = freshName();
        await client.call('createAppImage', smallTemplate(name));
        await client.call('updateAppImage', { name, image: { name: 'app', tag: 'v2' } });
        await client.call('deleteAppImage', { name });
        await apply([smallTemplate(name)], { message: 'back again' });
        const revisions = await history(name);
        expect(revisions.map(({ revision, method, deleted }) => [revision, method, deleted])).toEqual([
          ['4', 'Apply', false],
          ['3', 'DeleteAppImage', true],
          ['2', 'UpdateAppImage', false],
          ['1', 'CreateAppImage', false],
        ]);
        expect(revisions[0]).toMatchObject({
          message: 'back again',
          token_name: 'token',
          certificate_subject: expect.stringContaining('CN=client') as string,
        });
        expect(revisions[0]?.content_hash).toMatch(/^sha256:[0-9a-f]{64}$/);
        expect(revisions[0]?.content_hash).toBe(revisions[3]?.content_hash);
        expect(revisions[1]?.content_hash).toBe('');
        expect(Math.abs(Date.parse(revisions[0]?.create_time ?? '') - Date.now())).toBeLessThan(60_000);
      });

      it('comes page by page', async () => {
        const name = freshName();
        for (const tag of ['v1', 'v2', 'v3']) {
          await apply([withTag(name, tag)]);
        }
        const first = await client.call('listRevisions', { name, page_size: 2 });
        expect(first.body['revisions']).toMatchObject([{ revision: '3' }, { revision: '2' }]);
        const second = await client.call('listRevisions', {
          name,
          page_size: 2,
          page_token: first.body['next_page_token'],
        });
        expect(second.body).toMatchObject({ revisions: [{ revision: '1' }], next_page_token: '' });
        expect(await client.call('listRevisions', { name: freshName() })).toMatchObject({ code: 13105 });
        expect(
          await client.call('listRevisions', { name: `${name}x`, page_token: first.body['next_page_token'] }),
        ).toMatchObject({ code: 11100 });
      });

      it('gives a revision by number, by tag, and the newest where neither is given', async () => {
        const name = freshName();
        await apply([withTag(name, 'v1')]);
        await apply([withTag(name, 'v2')]);
        await client.call('setRevisionTag', { name, tag: 'stable', revision: 1 });
        const get = async (ref: object) =>
          (await client.call('getRevision', { name, ...ref })).body['revision'] as unknown as RevisionJson;
        expect((await get({ revision: 1 })).app_image?.image.tag).toBe('v1');
        expect(await get({ tag: 'stable' })).toMatchObject({ revision: '1', tags: ['stable'] });
        expect((await get({})).app_image?.image.tag).toBe('v2');
        expect(await client.call('getRevision', { name, revision: 9 })).toMatchObject({ code: 13154 });
        expect(await client.call('getRevision', { name, tag: 'none' })).toMatchObject({ code: 13154 });
        expect(await client.call('getRevision', { name, revision: 1, tag: 'stable' })).toMatchObject({ code: 11100 });
        expect(await client.call('getRevision', { name: freshName() })).toMatchObject({ code: 13105 });
      });
    });

    describe('rollback', () => {
      it('makes an old revision the newest, also after a delete', async () => {
        const name = freshName();
        await apply([withTag(name, 'v1')]);
        await apply([withTag(name, 'v2')]);
        expect(
          (await client.call('rollback', { name, revision: 1, message: 'v2 is broken' })).body['revision'],
        ).toMatchObject({ revision: '3', message: 'v2 is broken' });
        await client.call('deleteAppImage', { name });
        expect(await client.call('rollback', { name, revision: 2 })).toMatchObject({ code: 0 });
        expect((await client.call('queryAppImage', { name })).data).toMatchObject({ image: { tag: 'v2' } });
        expect(await history(name)).toHaveLength(5);
      });

      it('writes nothing where the template stands there already, and refuses deletes, conflicts and nothing at all', async () => {
        const name = freshName();
        await apply([smallTemplate(name)]);
        expect((await client.call('rollback', { name, revision: 1 })).body['revision']).toMatchObject({
          revision: '1',
        });
        expect(await client.call('rollback', { name, revision: 1, if_revision: 7 })).toMatchObject({ code: 13150 });
        expect(await client.call('rollback', { name })).toMatchObject({ code: 11100 });
        await client.call('deleteAppImage', { name });
        expect(await client.call('rollback', { name, revision: 2 })).toMatchObject({ code: 11100 });
        expect(await client.call('rollback', { name, revision: 99 })).toMatchObject({ code: 13154 });
      });
    });

    describe('tags', () => {
      it('are set, moved with compare-and-set, and removed', async () => {
        const name = freshName();
        await apply([withTag(name, 'v1')]);
        await apply([withTag(name, 'v2')]);
        const set = (fields: object) => client.call('setRevisionTag', { name, tag: 'stable', ...fields });
        expect(await set({ revision: 1, if_revision: 0 })).toMatchObject({ code: 0 });
        expect(await set({ revision: 2, if_revision: 0 })).toMatchObject({ code: 13155 });
        expect((await set({ if_revision: 1 })).body['revision']).toBe('2');
        expect(await set({ revision: 9 })).toMatchObject({ code: 13154 });
        expect(await set({ tag: 'Not A Label' })).toMatchObject({ code: 11100 });
        expect((await history(name)).map(({ tags }) => tags)).toEqual([['stable'], []]);
        expect(await client.call('deleteRevisionTag', { name, tag: 'stable', if_revision: 1 })).toMatchObject({
          code: 13155,
        });
        expect(await client.call('deleteRevisionTag', { name, tag: 'stable' })).toMatchObject({ code: 0 });
        expect(await client.call('deleteRevisionTag', { name, tag: 'stable' })).toMatchObject({ code: 13154 });
      });
    });

    describe('diff', () => {
      it('compares revisions by number and tag, and a revision with a given template', async () => {
        const name = freshName();
        await apply([withTag(name, 'v1')]);
        await apply([
          { ...withTag(name, 'v1'), deploy_templates: [{ name: 'app', replicas: 3, containers: [{ name: 'app' }] }] },
        ]);
        const diff = async (fields: object) => (await client.call('diff', { name, ...fields })).body;
        expect(await diff({ from_revision: 1 })).toMatchObject({
          from_revision: '1',
          to_revision: '2',
          diff: { class: 'SCALING' },
        });
        await client.call('setRevisionTag', { name, tag: 'old', revision: 1 });
        expect(await diff({ from_tag: 'old', to_revision: 2 })).toEqual(
          await diff({ from_revision: 1, to_revision: 2 }),
        );
        expect(await diff({ app_image: withTag(name, 'v9') })).toMatchObject({
          to_revision: '0',
          diff: { class: 'IMAGE' },
        });
        expect((await diff({}))['diff']).toMatchObject({ entries: [] });
      });
    });

    describe('lint and render', () => {
      const configured = (name: string) => ({
        ...smallTemplate(name),
        config_templates: { 'a.conf': '{"id":"{{.TASK_ID}}","x":"{{.TASK_IDD}}"}' },
        deploy_templates: [
          {
            name: 'app',
            role: 'server',
            containers: [{ name: 'app', config_volume_mounts: [{ mount_path: '/a.conf', sub_path: 'a.conf' }] }],
          },
        ],
      });

      it('say the same of a stored template and of one brought along', async () => {
        const name = freshName();
        await apply([configured(name)]);
        const stored = await client.call('lint', { name });
        expect(stored.body['findings']).toEqual(
          expect.arrayContaining([expect.objectContaining({ rule: 'unknown-variable', severity: 'WARNING' })]),
        );
        expect((await client.call('lint', { app_image: configured(name) })).body['findings']).toEqual(
          stored.body['findings'],
        );
        const values = { task_id: 'job-1' };
        const rendered = await client.call('render', { name, values });
        expect(rendered.body['files']).toMatchObject([
          {
            deploy_template: 'app',
            role: 'server',
            container: 'app',
            mount_path: '/a.conf',
            content: '{"id":"job-1","x":""}',
            missing_variables: ['TASK_IDD'],
          },
        ]);
        expect((await client.call('render', { app_image: configured(name), values })).body['files']).toEqual(
          rendered.body['files'],
        );
      });

      it('refuse neither and both, and name the line of a broken file', async () => {
        expect(await client.call('lint', {})).toMatchObject({ code: 11100 });
        expect(await client.call('render', { name: 'x', app_image: configured('x') })).toMatchObject({ code: 11100 });
        const broken = { ...configured('x'), config_templates: { 'a.conf': 'ok\n{{if}}' } };
        expect(await client.call('render', { app_image: broken })).toMatchObject({
          code: 11100,
          message: expect.stringMatching(/line 2/) as string,
        });
      });
    });
  });
}
