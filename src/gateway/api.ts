import type { CID } from 'multiformats/cid'
import type { BlockReader } from '../base/blocks.ts'
import type { Want } from '../base/errors.ts'
import type { Pace } from './pace.ts'

/**
 * A gateway over HTTP: `/ipfs/<cid>[/path]` and `/ipns/<name>[/path]`, read-only.
 *
 * Two kinds of clients: browsers get files, ranges of them and pages of folders
 * (https://specs.ipfs.tech/http-gateways/path-gateway/), and clients that verify get blocks, CARs and
 * records (https://specs.ipfs.tech/http-gateways/trustless-gateway/). Who is not on this machine gets
 * what was published or shared, and of everything else hears that it is not here.
 */
export interface GatewayOptions {
  readonly blocks: BlockReader
  readonly names: GatewayNames
  /** What anybody may have who is not on this machine. */
  readonly shared: Shared
  /** `everything`: whoever is on this machine gets what is here; `shared`: nobody gets more than that. */
  readonly serves: 'everything' | 'shared'
  /** Gets a block that is not here; never asked for what is only shared. Throws `missing`. */
  readonly satisfy: (want: Want, signal: AbortSignal) => Promise<void>
  readonly pace: Pace
}

/** Names as the gateway needs them; a name is a CID's text in base36, an alias, or a followed domain. */
export interface GatewayNames {
  /** Where it stands on this machine. Throws `missing` with its want for one that others may be asked for. */
  resolve: (name: string) => CID | undefined
  /**
   * The newest valid record, for those who verify it themselves. `ttlMs`: how long it may be believed from now on
   * without asking again, 0 once it has ended.
   */
  record: (name: string) => { readonly bytes: Uint8Array; readonly ttlMs: number } | undefined
}

/** What may leave this machine: https://specs.ipfs.tech/http-gateways/trustless-gateway/ knows no users. */
export interface Shared {
  /**
   * Whether a block, and so all that is below it, is reachable from a root that was published or
   * shared. False while that is not known yet.
   */
  has: (cid: CID) => Promise<boolean>
  /** Those of the CIDs for which `has` is true, in their order. */
  among: (cids: readonly CID[]) => Promise<readonly CID[]>
}
