import type { CID } from 'multiformats/cid'

/**
 * Roots: names for moving CIDs, with history; and pins. Rows in the home's database, so every
 * process sees them; all are roots of collection. What a call changed survives a power cut when it
 * returns, or when the caller's transaction is committed.
 */
export interface Roots {
  /** Where a root stands, or undefined if there is none of that name. */
  get: (name: string) => RootState | undefined
  list: () => RootState[]
  /**
   * Compare-and-swap on this machine (there is none across machines): moves the root and appends to
   * its history. `from` undefined means "must not exist". Throws `conflict` if it stands elsewhere.
   * Moving to where it stands changes nothing and appends nothing.
   */
  advance: (name: string, from: CID | undefined, to: CID, details: AdvanceDetails) => RootState
  /** Newest first. */
  history: (name: string, options?: { limit?: number }) => HistoryEntry[]
  pin: (cid: CID, options: PinOptions) => void
  /** Returns false if it was not pinned. */
  unpin: (cid: CID) => boolean
  pins: () => Pin[]
}

export interface RootState {
  readonly name: string
  readonly cid: CID
  readonly profile: string
  readonly sequence: number
  readonly changedMs: number
}

export interface AdvanceDetails {
  /** The import profile the DAG was made with. */
  readonly profile: string
  /** Why it moved: "snapshot", "seal", "restore …". */
  readonly reason: string
}

export interface HistoryEntry extends AdvanceDetails {
  readonly sequence: number
  readonly cid: CID
  readonly atMs: number
}

export interface PinOptions {
  /** What the person called it, e.g. the path that was added. */
  readonly label: string
}

export interface Pin extends PinOptions {
  readonly cid: CID
  readonly createdMs: number
}
