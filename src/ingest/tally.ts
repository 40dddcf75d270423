import { type BlockWriter, makeCid } from '../base/blocks.ts'
import { type CairnError, toCairnError } from '../base/errors.ts'
import type { Node, Profile, UnixfsWriter } from '../unixfs/api.ts'
import { profiles } from '../unixfs/profiles.ts'
import { openUnixfsWriter } from '../unixfs/writer.ts'
import type { Imported, ImportOptions } from './api.ts'
import { Breather } from './breathe.ts'
import type { JobSettings } from './jobs.ts'
import { hashingBlocks } from './only-hash.ts'

/** One import under way: where its blocks go, what was counted, how it is called off. */
export class Tally {
  readonly options: ImportOptions
  readonly profile: Profile
  readonly blocks: BlockWriter
  readonly writer: UnixfsWriter
  readonly breather: Breather
  /** Aborted by the caller, or by the first thing that fails. */
  readonly signal: AbortSignal
  /** One number, 1 once the signal is aborted: what a hash thread can look at. */
  readonly cancelled = new SharedArrayBuffer(4)
  readonly warnings: string[] = []
  files = 0
  directories = 0
  symlinks = 0
  bytes = 0
  filesFound = 0
  totalBytes: number | undefined
  complete = false
  readonly #failing = new AbortController()
  readonly #ending = new AbortController()

  /** `closing`: the ingest's own signal, besides the caller's. To be ended, for both may live on. */
  constructor(blocks: BlockWriter, options: ImportOptions, closing: AbortSignal) {
    this.options = options
    this.profile = profiles[options.profile]
    this.blocks = options.onlyHash === true ? hashingBlocks : blocks
    this.writer = openUnixfsWriter(this.blocks, this.profile)
    this.signal = this.#failing.signal
    this.#follow(closing)
    if (options.signal !== undefined) this.#follow(options.signal)
    this.breather = new Breather(this.signal)
  }

  /** What hash threads are told with each job. */
  get settings(): JobSettings {
    const { profile, metadata, onlyHash = false } = this.options
    return { profile, metadata, onlyHash, cancelled: this.cancelled }
  }

  /** Not by `AbortSignal.any`: what listens to such a signal is kept as long as the longest-lived of its sources. */
  #follow(signal: AbortSignal): void {
    const callOff = (): void => {
      this.fail(signal.reason)
    }
    if (signal.aborted) callOff()
    else signal.addEventListener('abort', callOff, { signal: this.#ending.signal })
  }

  /** Calls the import off. Returns what it fails with: the first thing that went wrong. */
  fail(cause: unknown): CairnError {
    this.#failing.abort(toCairnError(cause))
    Atomics.store(new Int32Array(this.cancelled), 0, 1)
    return toCairnError(this.signal.reason)
  }

  /** The import is over: nothing calls it off any more. */
  end(): void {
    this.#ending.abort()
  }

  read(bytes: number): void {
    this.bytes += bytes
    this.#tell()
  }

  finishedFile(bytes = 0): void {
    this.files++
    this.read(bytes)
  }

  #tell(): void {
    const { files, bytes, filesFound, totalBytes, complete } = this
    this.options.onProgress?.({ files, bytes, filesFound, totalBytes, complete })
  }

  /** What the import answers, once everything is stored. */
  imported(node: Node): Imported {
    const { files, directories, symlinks, bytes } = this
    const cid = makeCid(node.codec, node.multihash, node.cidVersion)
    const counts = { files, directories, symlinks, bytes }
    return { cid, node, profile: this.profile.name, ...counts, warnings: this.warnings.sort() }
  }
}
