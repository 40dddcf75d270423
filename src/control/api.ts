import type { PeerState } from '../net/api.ts'
/**
 * The control API: JSON over HTTP, at `/api/v1/` on the unix socket in the home (all of it) and on
 * the HTTP port (what only reads: `status`). An error is `{ "error": { "code", "message" } }`.
 */
export const controlPrefix = '/api/v1/'

/** What the daemon is and does: `GET status`. Bytes, milliseconds and counts. */
export interface Status {
  readonly version: string
  readonly pid: number
  readonly startedMs: number
  readonly home: string
  readonly listen: string
  /** Where other machines are served, and the SHA-256 of its certificate. */
  readonly share: { readonly listen: string; readonly fingerprint: string } | undefined
  readonly network: string
  readonly mounts: readonly MountStatus[]
  readonly store: {
    readonly blocks: number
    readonly bytes: number
    readonly segments: number
    readonly segmentBytes: number
  }
  readonly catalog: HeldCounts & { readonly adapters: Readonly<Record<string, HeldCounts>> }
  readonly pull: PullCounts & {
    readonly adapters: Readonly<Record<string, PullCounts>>
    /** Downloads in progress now. */
    readonly flights: number
    /** What of upstreams (an origin, or one item's key) did not work when it was tried last, the latest first; of a daemon that was not started anew since it is told, nothing. */
    readonly troubles?: ReadonlyArray<{
      readonly of: string
      readonly problem: string
      readonly sinceMs: number
      readonly lastMs: number
    }>
  }
  /** What was fetched and may go, as it was measured last, and what went of it so far. */
  readonly cache: {
    readonly budgetBytes: number | undefined
    readonly unusedMs: number | undefined
    readonly cachedBytes: number
    /** Of these: indexes in their newest version, which stay. */
    readonly indexBytes: number
    /** 0: not yet. */
    readonly measuredMs: number
    readonly droppedParts: number
    readonly droppedBytes: number
    readonly collectedMs: number
    readonly freedBytes: number
  }
  /** Names published and followed here; stale ones are past their end of life, heads were published elsewhere with a key of ours. */
  readonly names: {
    readonly published: number
    readonly followed: number
    readonly stale: number
    readonly heads: number
  }
  /** The last snapshot of /mfs, undefined before the first. */
  readonly mfs: string | undefined
  readonly memoryBytes: number
}

export interface MountStatus {
  readonly name: string
  readonly path: string
  readonly state: 'mounted' | 'failed'
  /** Why it failed, and what to do. */
  readonly problem: string | undefined
  /** Why the kernel does not read and write in place although it was asked to. */
  readonly passthroughProblem: string | undefined
  /** True of /mfs if its mount writes nothing; the other trees are never to be written to. */
  readonly readOnly: boolean
}

export interface PullCounts {
  readonly requests: number
  readonly hits: number
  readonly stale: number
  readonly failures: number
  readonly bytesServed: number
  readonly bytesFetched: number
}

/** Items of the catalog, and their bytes. */
export interface HeldCounts {
  readonly items: number
  readonly bytes: number
}

/** `POST snapshot`: everything written to /mfs so far, sealed. */
export interface SnapshotResult {
  readonly cid: string
  /** False if nothing had changed since the last one. */
  readonly changed: boolean
}

/** `POST reload`: config.yaml was read again; only upstreams change while the daemon runs. */
export interface ReloadResult {
  readonly upstreams: readonly string[]
}

/** `POST trim`: what the settings do not keep of what was fetched is not held any more; a collection frees it. */
export interface TrimResult {
  /** Contents and unpacked archives, and their bytes. */
  readonly parts: number
  readonly bytes: number
  /** Parts that were to go and were in use. */
  readonly refused: number
  /** What is cached afterwards; of it, indexes in their newest version. */
  readonly cachedBytes: number
  readonly indexBytes: number
}

/** `POST restore?cid=…&path=…`: without a path all of /mfs is replaced. */
export interface RestoreResult {
  /** The root of /mfs now. */
  readonly cid: string
}

/** One entry of `GET log?limit=N`, newest first. */
export interface LogEntry {
  readonly cid: string
  readonly sequence: number
  readonly atMs: number
  readonly profile: string
  readonly reason: string
}

/** `POST publish?…`: of `path` (in /mfs) and `cid` one is given. */
export interface PublishOrder {
  /** The alias of an own key. */
  readonly key: string
  readonly path: string | undefined
  readonly cid: string | undefined
  readonly lifetimeMs: number
  /** Goes above what another machine published under the key. */
  readonly settle: boolean
}

export interface PublishResult {
  readonly name: string
  readonly alias: string
  readonly cid: string
  /** A number of 64 bits, in decimal. */
  readonly sequence: string
  readonly endMs: number
}

/** `POST refresh?name=…`: a followed name was asked for. */
export interface RefreshResult {
  /** What it shows; undefined before it was ever had. */
  readonly cid: string | undefined
  readonly moved: boolean
  /** Why nothing new was had, if nothing was. */
  readonly problem: string | undefined
}

/** `POST resolve?name=…`: where a name stands, followed or not. */
export interface ResolveResult {
  /** `/ipfs/<cid>[/path]`. */
  readonly path: string
  /** Whether it is published or followed here: nobody was asked then. */
  readonly known: boolean
}

/** `POST pin?path=…&label=…`: all that is below the path is here and pinned. */
export interface PinResult {
  readonly cid: string
  /** What had to be brought here, besides the way to it and its root. */
  readonly blocks: number
  readonly bytes: number
}

/** One entry of `GET transfers`: content that is being brought here to be pinned. */
export interface TransferStatus {
  /** As it was asked for. */
  readonly path: string
  /** What came so far. */
  readonly blocks: number
  readonly bytes: number
  /** What of it is here by now, and all of it; 0 while that is not known. */
  readonly hereBytes: number
  readonly totalBytes: number
}

export interface ControlError {
  readonly error: { readonly code: string; readonly message: string }
}

/** What the daemon lets the control door do. */
export interface ControlActions {
  status: () => Status
  snapshot: () => Promise<SnapshotResult>
  log: (limit: number) => LogEntry[]
  /** `path` as people write it, from the root of /mfs on; empty for all of it. */
  restore: (cid: string, path: string) => Promise<RestoreResult>
  publish: (order: PublishOrder) => Promise<PublishResult>
  refresh: (name: string) => Promise<RefreshResult>
  resolve: (name: string, signal: AbortSignal) => Promise<ResolveResult>
  pin: (path: string, label: string, signal: AbortSignal) => Promise<PinResult>
  transfers: () => readonly TransferStatus[]
  trim: () => Promise<TrimResult>
  /** `GET peers`: none with the network off. */
  peers: () => readonly PeerState[]
  /** Throws what is wrong with config.yaml; the settings in force stay. */
  reload: () => Promise<ReloadResult>
  /** Begins the end of the daemon and returns at once. */
  stop: () => void
}
