import {
  type AppImageDiff as AppImageDiffMessage,
  ApplyResult_Outcome,
  type ApplyResult as ApplyResultMessage,
  DiffClass,
  DiffEntry_Kind,
  type LintFinding as LintFindingMessage,
  LintSeverity,
  type RenderedFile as RenderedFileMessage,
  type Revision as RevisionMessage,
} from '../../../gen/appimage/v1/registry.js';
import type { Revision } from '../../domain/app-image/revision.js';
import type { AppImageDiff } from '../../domain/diff/app-image-diff.js';
import type { LintFinding } from '../../domain/lint/lint-finding.js';
import type { RenderedFile } from '../../domain/render/render-app-image.js';
import type { ApplyResult } from '../../service/apply-service.js';
import { failureStatus, SUCCESS_STATUS } from './envelope.js';

/** The wire form of a revision. */
export function revisionMessage(revision: Revision, options: { readonly withContent: boolean }): RevisionMessage {
  return {
    name: revision.name,
    revision: BigInt(revision.revision),
    deleted: revision.content === undefined,
    contentHash: revision.contentHash,
    createTime: new Date(revision.timeMs),
    tokenName: revision.origin.tokenName,
    certificateSubject: revision.origin.certificateSubject,
    message: revision.origin.message,
    method: revision.origin.method,
    tags: [...revision.tags],
    appImage: options.withContent ? revision.content?.appImage : undefined,
  };
}

/** The wire form of a difference. */
export function diffMessage(diff: AppImageDiff): AppImageDiffMessage {
  return {
    entries: diff.entries.map(({ path, kind, oldValue, newValue, class: weight }) => ({
      path,
      kind: DiffEntry_Kind[kind],
      oldValue,
      newValue,
      class: DiffClass[weight],
    })),
    class: diff.class === undefined ? DiffClass.DIFF_CLASS_UNSPECIFIED : DiffClass[diff.class],
  };
}

/** The wire form of a finding. */
export function findingMessage({ rule, severity, field, message, suggestion }: LintFinding): LintFindingMessage {
  return { rule, severity: LintSeverity[severity], field, message, suggestion };
}

/** The wire form of a rendered file. */
export function renderedFileMessage(file: RenderedFile): RenderedFileMessage {
  return {
    ...file,
    variables: [...file.variables],
    missingVariables: [...file.missingVariables],
    sampledVariables: [...file.sampledVariables],
  };
}

/** The wire form of what an apply did to one template. */
export function applyResultMessage({
  name,
  error,
  outcome,
  revision,
  diff,
  findings,
}: ApplyResult): ApplyResultMessage {
  return {
    name,
    status: error === undefined ? SUCCESS_STATUS : failureStatus(error),
    outcome: outcome === undefined ? ApplyResult_Outcome.OUTCOME_UNSPECIFIED : ApplyResult_Outcome[outcome],
    revision: BigInt(revision),
    diff: diffMessage(diff),
    findings: findings.map(findingMessage),
  };
}
