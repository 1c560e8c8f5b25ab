import type { Revision } from '../../gen/appimage/v1/registry.js';

/** A revision in documents, without its content. */
export function revisionDocument(revision: Revision): object {
  return {
    name: revision.name,
    revision: Number(revision.revision),
    deleted: revision.deleted,
    content_hash: revision.contentHash,
    create_time: revision.createTime?.toISOString() ?? null,
    token_name: revision.tokenName,
    certificate_subject: revision.certificateSubject,
    message: revision.message,
    method: revision.method,
    tags: revision.tags,
  };
}

/** When a revision was stored, to the second, in UTC. */
export function revisionTime({ createTime }: Revision): string {
  return createTime?.toISOString().replace(/\.\d+Z$/, 'Z') ?? '';
}
