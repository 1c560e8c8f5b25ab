/** What a caller may do: each role includes the ones before it. */
export const ROLES = ['viewer', 'editor', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who is calling, as far as the token tells. */
export interface Principal {
  /** Name of the token in the tokens file; `token` for the single token file, `anonymous` where none is needed. */
  readonly tokenName: string;
  readonly role: Role;
}

/** Whether a role includes another one. */
export function includesRole(role: Role, required: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(required);
}
