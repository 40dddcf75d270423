import type { Session } from '../session.ts'

/** What a handler returns when the kernel expects no answer. */
export const silent = Number.MIN_SAFE_INTEGER

/** How one kind of request is answered. */
export interface Operation {
  /** Bytes a request of the kind has at least, header included; a shorter one is answered EINVAL. */
  readonly bytes: number
  /**
   * Writes the payload of the answer and returns its bytes, or a negated errno, or `silent`. What it
   * throws becomes an errno by its code; `missing` with a want runs it again later.
   */
  readonly answer: (session: Session) => number
}
