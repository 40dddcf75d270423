import type { Scope } from '../base/access.ts'
import type { Name } from '../base/names.ts'

/**
 * Who may use this Cairn from other machines: users with a secret, scopes and a folder of /mfs. They
 * are rows of the home's database, so that the command line changes them while the daemon serves.
 */
export interface User {
  /** 1 to 64 of `a-z`, `0-9`, `_` and `-`, a letter or digit first. */
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly root: readonly Name[]
  readonly createdMs: number
}

/** What a client shows for itself. */
export interface Credentials {
  readonly name: string
  readonly secret: string
}
