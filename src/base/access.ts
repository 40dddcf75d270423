import type { Name } from './names.ts'

/** What a user may do, each asked for by itself; `admin` stands for all. */
export const scopes = ['read', 'write', 'publish', 'admin'] as const
export type Scope = (typeof scopes)[number]

/** On whose behalf a door acts. */
export interface Access {
  /** Undefined where nobody says who they are: on the port and the socket of this machine. */
  readonly user: string | undefined
  readonly scopes: ReadonlySet<Scope>
  /** The folder of /mfs that is all of /mfs to this user. None: /mfs itself. */
  readonly root: readonly Name[]
}

/** Whoever is on this machine. */
export const localAccess: Access = { user: undefined, scopes: new Set(scopes), root: [] }

export function mayDo(access: Access, scope: Scope): boolean {
  return access.scopes.has(scope) || access.scopes.has('admin')
}
