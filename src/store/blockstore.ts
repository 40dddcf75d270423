import type { Blockstore, InputPair, Pair } from 'interface-blockstore'
import type { CID } from 'multiformats/cid'
import { codec, makeCid } from '../base/blocks.ts'
import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { BlockStore } from './api.ts'

type Bytes = InputPair['bytes']
interface Abortable {
  readonly signal?: AbortSignal
}

/**
 * The store as helia and the IPFS tools see one: https://github.com/ipfs/js-stores. Blocks that are put
 * are verified. A `put` resolves when its block is visible to all readers; those of one turn of the event
 * loop share a flush. What is not here throws an error named `NotFoundError`. As the store knows
 * multihashes only, `getAll` gives CIDs of version 1 and codec raw. Closing it is the store's owner's business.
 */
export function asBlockstore(store: BlockStore): Blockstore {
  return new SharedBlockstore(store)
}

class SharedBlockstore implements Blockstore {
  readonly #store: BlockStore
  #flush: Promise<void> | undefined

  constructor(store: BlockStore) {
    this.#store = store
  }

  /** One flush for all who ask before it happens. */
  #flushed(): Promise<void> {
    this.#flush ??= new Promise<void>((resolve, reject) => {
      setImmediate(() => {
        this.#flush = undefined
        try {
          resolve(this.#store.flush())
        } catch (cause) {
          reject(cause)
        }
      })
    })
    return this.#flush
  }

  async put(cid: CID, bytes: Bytes, { signal }: Abortable = {}): Promise<CID> {
    this.#store.put(cid, await gather(bytes, signal))
    await this.#flushed()
    return cid
  }

  async *putMany(
    pairs: Iterable<InputPair> | AsyncIterable<InputPair>,
    { signal }: Abortable = {}
  ): AsyncGenerator<CID> {
    try {
      for await (const { cid, bytes } of pairs) {
        this.#store.put(cid, await gather(bytes, signal))
        yield cid
      }
    } finally {
      await this.#flushed()
    }
  }

  *get(cid: CID, { signal }: Abortable = {}): Generator<Uint8Array> {
    signal?.throwIfAborted()
    yield this.#read(cid)
  }

  #read(cid: CID): Uint8Array {
    try {
      return this.#store.read(cid.multihash.bytes)
    } catch (cause) {
      if (!(cause instanceof CairnError) || cause.code !== 'missing') throw cause
      const error = new CairnError('missing', `${cid} is not here`, { cause })
      error.name = 'NotFoundError'
      throw error
    }
  }

  async *getMany(
    cids: Iterable<CID> | AsyncIterable<CID>,
    options: Abortable = {}
  ): AsyncGenerator<Pair> {
    for await (const cid of cids) yield { cid, bytes: this.get(cid, options) }
  }

  *getAll(options: Abortable = {}): Generator<Pair> {
    options.signal?.throwIfAborted()
    for (const { multihash } of this.#store.list()) {
      const cid = makeCid(codec.raw, multihash)
      yield { cid, bytes: this.#later(cid, options) }
    }
  }

  /** Asynchronous, since users of `getAll` (the common suite too) await what they collect. */
  async *#later(cid: CID, options: Abortable): AsyncGenerator<Uint8Array> {
    yield* this.get(cid, options)
  }

  has(cid: CID, { signal }: Abortable = {}): boolean {
    signal?.throwIfAborted()
    return this.#store.has(cid.multihash.bytes)
  }

  delete(cid: CID, { signal }: Abortable = {}): void {
    signal?.throwIfAborted()
    this.#store.remove([cid.multihash.bytes])
  }

  async *deleteMany(
    cids: Iterable<CID> | AsyncIterable<CID>,
    options: Abortable = {}
  ): AsyncGenerator<CID> {
    for await (const cid of cids) {
      this.delete(cid, options)
      yield cid
    }
  }
}

async function gather(bytes: Bytes, signal: AbortSignal | undefined): Promise<Uint8Array> {
  signal?.throwIfAborted()
  if (bytes instanceof Uint8Array) return bytes
  const parts: Uint8Array[] = []
  let total = 0
  for await (const part of bytes) {
    signal?.throwIfAborted()
    total += part.length
    if (total > limits.blockBytes) throw tooLarge()
    parts.push(part)
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

function tooLarge(): CairnError {
  return new CairnError('invalid', `a block of over ${limits.blockBytes} bytes`)
}
