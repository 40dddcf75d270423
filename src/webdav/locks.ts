import { randomUUID } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import { escapeXml } from '../base/escape-xml.ts'
import { limits } from '../base/limits.ts'
import { type DavPath, parentPath } from './path.ts'
import { Refusal, refuse } from './refuse.ts'

export interface Lock {
  readonly token: string
  /** Key of the path it was taken on. */
  readonly path: string
  readonly infinite: boolean
  readonly exclusive: boolean
  /** The owner element as XML, or nothing. */
  readonly owner: string
  readonly href: string
  readonly timeoutSeconds: number
  readonly expiresMs: number
  /** Whether who looks may use its token: https://www.rfc-editor.org/rfc/rfc4918#section-6.4 */
  readonly own: boolean
}

/** Who looks at locks: each sees their own names, and opens only their own locks. */
export interface Viewer {
  readonly user: string | undefined
  readonly show: (href: string) => string
}

export type NewLock = Pick<Lock, 'infinite' | 'exclusive' | 'owner' | 'href' | 'timeoutSeconds'>

type Row = Omit<Lock, 'infinite' | 'exclusive' | 'own'> & {
  readonly infinite: number
  readonly exclusive: number
  readonly user: string | null
}

/** Write locks, as rows: https://www.rfc-editor.org/rfc/rfc4918#section-6 */
export class Locks {
  readonly #database: Database
  readonly #clock: Clock
  readonly #viewer: Viewer

  constructor(database: Database, clock: Clock, viewer: Viewer) {
    this.#database = database
    this.#clock = clock
    this.#viewer = viewer
  }

  /** False: nothing is locked anywhere, and no path need be looked at. */
  get any(): boolean {
    const one = 'SELECT 1 FROM dav_locks WHERE expiresMs > ? LIMIT 1'
    return this.#database.statement(one).get(this.#clock.nowMs()) !== undefined
  }

  /** Locks on the path, and those of infinite depth above it. */
  covering({ key }: DavPath): Lock[] {
    if (!this.any) return []
    const above = [...key.matchAll(/\//g)].map(({ index }) => key.slice(0, index + 1))
    return above.flatMap(path =>
      this.#select('path = ?', path).filter(lock => lock.infinite || path === key)
    )
  }

  /** Locks on what lies below the path. */
  below({ key }: DavPath): Lock[] {
    return this.#select('path > ? AND path < ?', key, `${key.slice(0, -1)}0`)
  }

  /**
   * Throws a refusal with status 423 if another lock is in the way, `LockedBelow` if that is of what lies
   * below, 507 if there are too many.
   */
  take(path: DavPath, wanted: NewLock): Lock {
    const covering = this.covering(path)
    const below = wanted.infinite ? this.below(path) : []
    const isInTheWay = ({ exclusive }: Lock) => exclusive || wanted.exclusive
    const conflict = covering.find(isInTheWay)
    if (conflict !== undefined) {
      throw refuse(423, 'it is locked already', conflictingLock(conflict))
    }
    const conflictBelow = below.find(isInTheWay)
    if (conflictBelow !== undefined) throw new LockedBelow(conflictBelow)
    const count = covering.length + below.length
    if (count >= limits.davLocksTogether) {
      throw refuse(507, `${count} shared locks are held here: wait until some end`)
    }
    this.#prune()
    const lock = {
      ...wanted,
      own: true,
      token: `urn:uuid:${randomUUID()}`,
      path: path.key,
      expiresMs: this.#clock.nowMs() + wanted.timeoutSeconds * 1000
    }
    this.#database
      .statement('INSERT INTO dav_locks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
      .run(
        lock.token,
        lock.path,
        Number(lock.infinite),
        Number(lock.exclusive),
        lock.owner,
        lock.href,
        lock.timeoutSeconds,
        lock.expiresMs,
        this.#viewer.user ?? null
      )
    return { ...lock, href: this.#viewer.show(lock.href) }
  }

  refresh(token: string, timeoutSeconds: number): Lock | undefined {
    const expiresMs = this.#clock.nowMs() + timeoutSeconds * 1000
    this.#database
      .statement('UPDATE dav_locks SET timeoutSeconds = ?, expiresMs = ? WHERE token = ?')
      .run(timeoutSeconds, expiresMs, token)
    return this.#select('token = ?', token)[0]
  }

  release(token: string): void {
    this.#database.statement('DELETE FROM dav_locks WHERE token = ?').run(token)
  }

  /** Ends all locks on a path and below it, as its removal does. */
  end(path: DavPath): void {
    for (const { token } of [...this.#select('path = ?', path.key), ...this.below(path)]) {
      this.release(token)
    }
  }

  #select(condition: string, ...values: string[]): Lock[] {
    const rows = this.#database
      .statement(`SELECT * FROM dav_locks WHERE ${condition} AND expiresMs > ?`)
      .all(...values, this.#clock.nowMs()) as unknown as Row[]
    const { user, show } = this.#viewer
    return rows.map(({ user: owner, ...row }) => ({
      ...row,
      href: show(row.href),
      own: user === undefined || user === owner,
      infinite: row.infinite === 1,
      exclusive: row.exclusive === 1
    }))
  }

  #prune(): void {
    const { nowMs } = this.#clock
    this.#database.statement('DELETE FROM dav_locks WHERE expiresMs <= ?').run(nowMs())
    const row = this.#database.statement('SELECT count(*) AS locks FROM dav_locks').get()
    if ((row as { locks: number }).locks >= limits.davLocks) {
      throw refuse(507, `${limits.davLocks} locks are held: wait until some end`)
    }
    const { user } = this.#viewer
    if (user === undefined) return
    const held = this.#database
      .statement('SELECT count(*) AS locks FROM dav_locks WHERE user = ?')
      .get(user)
    if ((held as { locks: number }).locks >= limits.davLocksOfUser) {
      throw refuse(507, `${user} holds ${limits.davLocksOfUser} locks: unlock some, or wait`)
    }
  }
}

/** A lock of all below a path fails for what is locked there. */
export class LockedBelow extends Refusal {
  readonly href: string

  constructor(lock: Lock) {
    super(423, 'something in it is locked already', conflictingLock(lock))
    this.href = lock.href
  }
}

function conflictingLock({ href }: Lock): string {
  return `<D:no-conflicting-lock><D:href>${escapeXml(href)}</D:href></D:no-conflicting-lock>`
}

/** What a method is about to change. */
export interface Change {
  readonly path: DavPath
  /** Its name comes or goes: the collection above changes too. */
  readonly member: boolean
  /** All below it goes. */
  readonly tree: boolean
}

/**
 * Throws a refusal with status 423 unless the tokens shown open every lock on what is to change; of
 * several shared locks on one path, one token is enough.
 */
export function checkLocks(locks: Locks, tokens: ReadonlySet<string>, change: Change): void {
  if (!locks.any) return
  const { path } = change
  const concerned = [
    ...locks.covering(path),
    ...(change.member ? locks.covering(parentPath(path)) : []),
    ...(change.tree ? locks.below(path) : [])
  ]
  const shown = (lock: Lock) => lock.own && tokens.has(lock.token)
  const opened = (lock: Lock) =>
    shown(lock) ||
    (!lock.exclusive &&
      concerned.some(other => !other.exclusive && other.path === lock.path && shown(other)))
  const closed = concerned.find(lock => !opened(lock))
  if (closed === undefined) return
  const href = escapeXml(closed.href)
  throw refuse(
    423,
    'it is locked, and the token was not sent',
    `<D:lock-token-submitted><D:href>${href}</D:href></D:lock-token-submitted>`
  )
}
