/** Who sets a variable: the controller of tasks, that of servings, or any agent. */
export type VariableKind = 'task' | 'serving' | 'any';

/** The variables that the agents know by themselves, in the order in which Kuscia documents them. */
export const KNOWN_VARIABLES: ReadonlyMap<string, VariableKind> = new Map([
  ['TASK_ID', 'task'],
  ['TASK_INPUT_CONFIG', 'task'],
  ['TASK_CLUSTER_DEFINE', 'task'],
  ['SERVING_ID', 'serving'],
  ['INPUT_CONFIG', 'serving'],
  ['CLUSTER_DEFINE', 'serving'],
  ['ALLOCATED_PORTS', 'any'],
  ['KUSCIA_DOMAIN_ID', 'any'],
  ['KUSCIA_API_PROTOCOL', 'any'],
  ['KUSCIA_API_TOKEN', 'any'],
  ['KUSCIA_DOMAIN_KEY_DATA', 'any'],
  ['TRUSTED_CA_FILE', 'any'],
  ['SERVER_CERT_FILE', 'any'],
  ['SERVER_PRIVATE_KEY_FILE', 'any'],
  ['CLIENT_CERT_FILE', 'any'],
  ['CLIENT_PRIVATE_KEY_FILE', 'any'],
]);

/** Name of the variable in which controllers hand out the number of one port; not every version of theirs does. */
export function portNumberVariable(portName: string): string {
  return `KUSCIA_PORT_${portName.replaceAll('-', '_').toUpperCase()}_NUMBER`;
}
