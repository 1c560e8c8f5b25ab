/** How much a finding weighs: a create would refuse the template; likely a mistake; worth knowing. */
export type LintSeverity = 'ERROR' | 'WARNING' | 'INFO';

interface LintRule {
  /** What its findings weigh. Where there are several, the finding says which. */
  readonly severities: readonly [LintSeverity, ...LintSeverity[]];
  /** What it finds, in one line. */
  readonly summary: string;
}

/**
 * The one table of rules; docs/lint-rules.md has a section for each, which a test holds against the code. Names are stable: they are
 * part of the API. `ERROR` is for what a create refuses, and for nothing else.
 */
export const LINT_RULES = {
  'invalid-name': error('The name of the template, a deploy template or a container is no RFC 1123 label.'),
  'missing-image': error('There is no image.'),
  'invalid-image-name': error('The name of the image is missing, malformed, or has a tag or digest in it.'),
  'invalid-image-tag': error('The tag of the image is malformed.'),
  'invalid-config-key': error('The key of a configuration template is empty, too long, or has a slash.'),
  'deploy-template-count': error('There is no deploy template, or there are too many.'),
  'container-count': error('A deploy template has no container, or too many.'),
  'duplicate-container-name': error('Two containers of a deploy template have the same name.'),
  'invalid-replicas': error('The number of replicas is out of range.'),
  'invalid-restart-policy': error('The restart policy is unknown.'),
  'invalid-image-pull-policy': error('The image pull policy is unknown.'),
  'invalid-mount-path': error('A mount path is not absolute, or leaves its folder.'),
  'invalid-sub-path': error('The sub path of a mount is empty, or leaves its folder.'),
  'invalid-port-name': error('A port has no name.'),
  'invalid-port-protocol': error('The protocol of a port is unknown.'),
  'invalid-port-scope': error('The scope of a port is unknown.'),
  'invalid-port-number': error('The number of a port is out of range.'),
  'invalid-env-from': error('An entry of env_from has no source, or a source without a name.'),
  'invalid-env-name': error('The name of an environment variable is empty or has an equals sign.'),
  'invalid-quantity': error('An amount of processor time or memory is no Kubernetes quantity, or is negative.'),
  'request-over-limit': error('A container asks for more than its limit.'),
  'invalid-probe-handler': error('A probe has no handler, several, or a command without words.'),
  'invalid-probe-port': error('The port of a probe is neither a number from 1 to 65535 nor a name.'),
  'invalid-probe-scheme': error('The scheme of an HTTP probe is unknown.'),
  'invalid-probe-number': error('A count or a number of seconds of a probe is out of range.'),
  'invalid-metric-probe': error('The path or the port of a metric probe is malformed.'),
  'invalid-json-object': error('The affinity or the security context is not the text of a JSON object.'),
  'invalid-network-policy': error('A network policy has an empty role or port.'),
  'invalid-label': error('The key or the value of a label is malformed.'),
  'invalid-annotation': error('The key of an annotation is malformed, or the annotations are too large.'),
  'template-too-large': error('The whole template is too large.'),
  'invalid-field': error('A field breaks another rule of the contract.'),
  'mutable-image-tag': warning('The image may become another one: its tag is `latest` or missing, and it has no id.'),
  'config-map-key': warning('The key of a configuration template cannot be a key of a ConfigMap.'),
  'missing-config-template': warning('A mount names a configuration template that does not exist.'),
  'unused-config-template': warning('No container mounts the configuration template.'),
  'duplicate-mount-path': warning('A container mounts two files at the same path.'),
  'template-syntax': warning('The configuration template is no valid template.'),
  'template-failure': warning('The configuration template fails when it is rendered.'),
  'placeholder-space': warning('A placeholder has white space in it, which becomes part of a name.'),
  'unknown-placeholder-path': warning('A placeholder leads nowhere in a value of the documented shape.'),
  'unknown-variable': warning('The template uses a variable that neither the agents nor the container set.'),
  'variable-wrong-kind': warning('One file uses variables of tasks and of servings.'),
  'duplicate-role': warning('Two deploy templates have the same name and a role in common.'),
  'shadowed-deploy-template': info('Controllers choose by role, and an earlier deploy template has this role.'),
  'duplicate-port-name': {
    severities: ['WARNING', 'ERROR'],
    summary: 'Two ports of a deploy template have the same name; within one container that is an error.',
  },
  'duplicate-port-number': warning('Two ports of a deploy template have the same number.'),
  'port-without-scope': info('A port has no scope, so only its own pod can reach it.'),
  'duplicate-env': warning('A container sets an environment variable twice.'),
  'unportable-env-name': info('The name of an environment variable cannot be used in shells and templates.'),
  'reserved-env': info('A container sets a variable that the agents set as well.'),
  'secret-in-env': warning('The value of an environment variable looks like a credential.'),
  'unknown-probe-port': warning('A probe names a port that its container does not have.'),
  'probe-without-effect': {
    severities: ['WARNING', 'INFO'],
    summary: 'A probe, or a setting of it, changes nothing.',
  },
  'unknown-ingress-port': warning('A network policy names a port that the deploy template does not have.'),
  'unknown-ingress-role': warning('A network policy names a role that no deploy template is for.'),
  'too-many-findings': info('There are more findings than one answer carries.'),
} as const satisfies Record<string, LintRule>;

export type LintRuleName = keyof typeof LINT_RULES;

function error(summary: string) {
  return { severities: ['ERROR'], summary } as const;
}

function warning(summary: string) {
  return { severities: ['WARNING'], summary } as const;
}

function info(summary: string) {
  return { severities: ['INFO'], summary } as const;
}
