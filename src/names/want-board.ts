import type { CID } from 'multiformats/cid'
import { codec, multihashKey } from '../base/blocks.ts'
import { limits } from '../base/limits.ts'

/** The longest nodes that are usual: leaves of the profile of 2015, folders of all. */
const nodeBytes = 256 * 1024

/** A block that lacks. */
export interface LackedBlock {
  readonly cid: CID
  /** Its length, as the link claims: good for nothing but portions. */
  readonly bytes: number
}

interface Lacked extends LackedBlock {
  readonly key: string
  /** Who does not have it. */
  tried: Set<string> | undefined
}

/** Which blocks of a transfer lack, and which of them somebody is asked for now. Each is on it once. */
export class WantBoard {
  readonly #known = new Set<string>()
  #waiting: Lacked[] = []
  #asked = 0
  #change = Promise.withResolvers<void>()

  /** Blocks that nobody is asked for. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Blocks that somebody is asked for. */
  get asked(): number {
    return this.#asked
  }

  add({ cid, bytes }: LackedBlock): void {
    const key = keyOf(cid)
    if (this.#known.has(key)) return
    this.#known.add(key)
    this.#waiting.push({ cid, bytes, key, tried: undefined })
  }

  /** A portion for somebody, of what he was not asked for yet; he is being asked for it from now on. */
  take(label: string): Portion {
    return this.#taken(limits.blocksTogether, ({ tried }) => tried?.has(label) !== true)
  }

  /** As `take`, so many, whoever was asked for them. */
  takeAny(count: number): Portion {
    return this.#taken(count, () => true)
  }

  #taken(count: number, fits: (lacked: Lacked) => boolean): Portion {
    const taken: Lacked[] = []
    const left: Lacked[] = []
    let bytes = 0
    let at = 0
    while (at < this.#waiting.length && taken.length < count) {
      if (bytes >= limits.blocksTogetherBytes) break
      const lacked = this.#waiting[at++]!
      if (!fits(lacked)) left.push(lacked)
      else {
        taken.push(lacked)
        bytes += blockBytes(lacked)
      }
    }
    this.#waiting = left.concat(this.#waiting.slice(at))
    this.#asked += taken.length
    return new Portion(taken, {
      arrived: ({ key }) => {
        this.#asked--
        this.#known.delete(key)
      },
      back: lacked => {
        this.#asked--
        this.#waiting.push(lacked)
      },
      ended: () => this.#tell()
    })
  }

  /** Resolves when a portion has ended: there may be more to ask for, or nothing any more. */
  change(): Promise<void> {
    return this.#change.promise
  }

  #tell(): void {
    const { resolve } = this.#change
    this.#change = Promise.withResolvers()
    resolve()
  }
}

interface Outcome {
  readonly arrived: (lacked: Lacked) => void
  readonly back: (lacked: Lacked) => void
  readonly ended: () => void
}

/** What somebody is asked for. It is to be ended, whatever came of it. */
export class Portion {
  readonly #left: Map<string, Lacked>
  readonly #outcome: Outcome

  constructor(lacked: readonly Lacked[], outcome: Outcome) {
    this.#left = new Map(lacked.map(each => [each.key, each]))
    this.#outcome = outcome
  }

  get cids(): CID[] {
    return Array.from(this.#left.values(), ({ cid }) => cid)
  }

  arrived(cid: CID): void {
    const key = keyOf(cid)
    const lacked = this.#left.get(key)
    if (lacked === undefined) return
    this.#left.delete(key)
    this.#outcome.arrived(lacked)
  }

  /** What has not arrived lacks again; by who was asked for it, if he said so to the end. */
  end(without?: string): void {
    for (const lacked of this.#left.values()) {
      if (without !== undefined) {
        lacked.tried ??= new Set()
        lacked.tried.add(without)
      }
      this.#outcome.back(lacked)
    }
    this.#left.clear()
    this.#outcome.ended()
  }
}

/** A link to a node claims all that is below it; the node itself is no longer than a leaf of it that is one, or a folder before it is sharded. */
function blockBytes({ cid, bytes }: LackedBlock): number {
  return Math.min(bytes, cid.code === codec.dagPb ? nodeBytes : limits.blockBytes)
}

/** With the codec: the same block may be linked as a leaf and as a node, and only the node has links. */
function keyOf({ code, multihash }: CID): string {
  return String.fromCharCode(code) + multihashKey(multihash.bytes)
}
