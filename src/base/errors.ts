/**
 * The one error class. Every edge (FUSE errno, HTTP status, exit status) owns a total table from
 * `ErrorCode`, so a new code does not compile until every edge answers it.
 */
export const errorCodes = [
  'not-found',
  'exists',
  'not-directory',
  'is-directory',
  'not-empty',
  'name-too-long',
  'invalid',
  'read-only',
  'denied',
  'not-permitted',
  'no-space',
  'file-too-large',
  'no-attribute',
  'out-of-range',
  'loop',
  'busy',
  'conflict',
  'unsupported',
  'missing',
  'corrupt',
  'mismatch',
  'upstream',
  'timeout',
  'aborted',
  'usage',
  'io'
] as const

export type ErrorCode = (typeof errorCodes)[number]

/**
 * What an operation lacked to go on: a door that gets `missing` may fetch it and run the operation
 * again. `block` names a CID; `unpacked` a catalog key whose archive is to be unpacked; `layer`
 * (`<index> <key>`) a layer of an image that is being unpacked, or (`<index>/<file> <key>`) one file of it,
 * or (`<index>/whole <key>`) more than its index tells; `sealed` an inode of /mfs whose CID was asked for
 * before it had one; `name` an IPNS name that is not followed here.
 */
export interface Want {
  readonly kind: 'block' | 'unpacked' | 'layer' | 'sealed' | 'name'
  readonly id: string
  /** CIDs of blocks that whoever goes on there will lack next, in that order; none where nobody can tell. */
  readonly ahead?: readonly string[]
}

export interface CairnErrorOptions extends ErrorOptions {
  readonly want?: Want
}

/** What programs ask for in vain all day long: to write down the stack would take longer than the answer. */
const everyday: ReadonlySet<ErrorCode> = new Set(['not-found', 'exists', 'no-attribute'])

export class CairnError extends Error {
  readonly code: ErrorCode
  readonly want: Want | undefined

  /** `message` says what happened, to what, and what to do, for the person who runs the machine. */
  constructor(code: ErrorCode, message: string, options: CairnErrorOptions = {}) {
    const { stackTraceLimit } = Error
    if (everyday.has(code)) Error.stackTraceLimit = 0
    super(message, options)
    Error.stackTraceLimit = stackTraceLimit
    this.name = 'CairnError'
    this.code = code
    this.want = options.want
  }
}

const systemCodes: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'not-found',
  EEXIST: 'exists',
  ENOTDIR: 'not-directory',
  EISDIR: 'is-directory',
  ENOTEMPTY: 'not-empty',
  ENAMETOOLONG: 'name-too-long',
  EINVAL: 'invalid',
  EROFS: 'read-only',
  EACCES: 'denied',
  EPERM: 'not-permitted',
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EFBIG: 'file-too-large',
  ELOOP: 'loop',
  EBUSY: 'busy',
  ETIMEDOUT: 'timeout',
  ABORT_ERR: 'aborted'
}

/** SQLite's primary result codes that say more than "the database failed": https://sqlite.org/rescode.html */
const databaseCodes: Readonly<Record<number, ErrorCode>> = {
  5: 'busy',
  8: 'read-only',
  11: 'corrupt',
  13: 'no-space',
  26: 'corrupt'
}

function codeOf(cause: unknown): ErrorCode {
  if (typeof cause !== 'object' || cause === null) return 'io'
  const { code, name, errcode } = cause as { code?: unknown; name?: unknown; errcode?: unknown }
  if (name === 'AbortError') return 'aborted'
  if (name === 'TimeoutError') return 'timeout'
  if (typeof errcode === 'number') return databaseCodes[errcode & 0xff] ?? 'io'
  if (typeof code !== 'string' || !Object.hasOwn(systemCodes, code)) return 'io'
  return systemCodes[code] ?? 'io'
}

/** Turns whatever was thrown into a `CairnError`; one that already is stays as it is. `doing` opens the message. */
export function toCairnError(cause: unknown, doing?: string): CairnError {
  if (cause instanceof CairnError) return cause
  const code = codeOf(cause)
  const text = isDatabaseFull(cause) ? 'the disk is full: make room' : messageOf(cause)
  return new CairnError(code, doing === undefined ? text : `${doing}: ${text}`, { cause })
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/** SQLite's own words, "database or disk is full", name two things and neither what to do. */
function isDatabaseFull(cause: unknown): boolean {
  const { errcode } = (cause ?? {}) as { errcode?: unknown }
  return typeof errcode === 'number' && (errcode & 0xff) === 13
}
