import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Digest, type DigestAlgorithm, Digester } from '../../base/digest.ts'
import { toCairnError } from '../../base/errors.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { Reserve } from '../../base/reserve.ts'
import type { DownloadHead, DownloadSink } from '../download.ts'

/** Where the bytes begin: before them stands their head, as JSON, and spaces. */
const headBytes = 4096

/**
 * A download's bytes so far, in a file that outlives the process: who asks for the same URL next goes
 * on with it. The file is its owner's by its name, `<URL's hash>.<process>.part`, and is given back by
 * renaming; one whose process died is anybody's.
 */
export class PartialFile implements DownloadSink {
  readonly #folder: string
  readonly #name: string
  readonly #path: string
  readonly #handle: FileHandle
  readonly #reserve: Reserve
  readonly #algorithms: readonly DigestAlgorithm[]
  #digester: Digester
  readonly #onBytes: (arrived: number, total: number | undefined) => void
  #digests: Digest[] | undefined
  #head: DownloadHead | undefined
  #arrived = 0

  private constructor(options: PartialFileOptions, path: string, handle: FileHandle) {
    this.#folder = options.folder
    this.#name = nameOf(options.url)
    this.#path = path
    this.#handle = handle
    this.#onBytes = options.onBytes
    this.#reserve = new Reserve(dirname(path))
    this.#algorithms = options.algorithms
    this.#digester = this.#newDigester()
  }

  /** Takes what an earlier process left of the URL, or begins anew. */
  static async open(options: PartialFileOptions): Promise<PartialFile> {
    makeFolder(options.folder, 0o700)
    const path = join(options.folder, `${nameOf(options.url)}.${process.pid}-${randomUUID()}.part`)
    const claimed = await claim(options, path)
    try {
      const handle = await open(path, claimed ? 'r+' : 'wx+', 0o600)
      const file = new PartialFile(options, path, handle)
      await file.#readOn()
      return file
    } catch (cause) {
      throw toCairnError(cause, `cannot keep a download in ${path}`)
    }
  }

  /** What is here of an earlier download, and how its answer was headed; undefined for nothing. */
  get resumed(): { readonly arrived: number; readonly head: DownloadHead } | undefined {
    return this.#head === undefined ? undefined : { arrived: this.#arrived, head: this.#head }
  }

  async #readOn(): Promise<void> {
    const top = Buffer.alloc(headBytes)
    const { bytesRead } = await this.#handle.read(top, 0, headBytes, 0)
    const head = bytesRead === headBytes ? parseHead(top.toString('utf8')) : undefined
    if (head === undefined) return await this.#handle.truncate(0)
    for await (const piece of this.read()) {
      this.#digester.update(piece)
      this.#arrived += piece.length
    }
    this.#head = head
    this.#onBytes(this.#arrived, head.bytes)
  }

  async begin(head: DownloadHead): Promise<void> {
    const text = JSON.stringify(head)
    const kept = Buffer.byteLength(text) > headBytes ? JSON.stringify({ bytes: head.bytes }) : text
    await this.#handle.write(Buffer.from(kept.padEnd(headBytes)), 0, undefined, 0)
    this.#head = head
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#reserve.spend(bytes.length)
    for (let done = 0; done < bytes.length; ) {
      const position = headBytes + this.#arrived + done
      const { bytesWritten } = await this.#handle.write(bytes, done, undefined, position)
      done += bytesWritten
    }
    this.#digester.update(bytes)
    this.#arrived += bytes.length
    this.#onBytes(this.#arrived, this.#head?.bytes)
  }

  async restart(): Promise<void> {
    await this.#handle.truncate(0)
    this.#digester = this.#newDigester()
    this.#head = undefined
    this.#arrived = 0
  }

  #newDigester(): Digester {
    return new Digester([...new Set(['sha256', ...this.#algorithms] as const)])
  }

  async holds(bytes: Uint8Array, position: number): Promise<boolean> {
    const kept = Buffer.allocUnsafe(bytes.length)
    const { bytesRead } = await this.#handle.read(kept, 0, kept.length, headBytes + position)
    return bytesRead === bytes.length && kept.equals(bytes)
  }

  digest(algorithm: DigestAlgorithm): Digest {
    const found = this.digests.find(each => each.startsWith(`${algorithm}:`))
    return found ?? `${algorithm}:`
  }

  /** Of all that arrived; sha256 first. Nothing is appended after it was asked for. */
  get digests(): readonly Digest[] {
    this.#digests ??= this.#digester.finish()
    return this.#digests
  }

  get bytes(): number {
    return this.#arrived
  }

  async *read(): AsyncGenerator<Uint8Array> {
    const buffer = Buffer.allocUnsafe(1024 * 1024)
    for (let position = headBytes; ; ) {
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, position)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
      position += bytesRead
    }
  }

  /** Leaves it to whoever asks for the URL next. */
  async leave(): Promise<void> {
    await this.#handle.close()
    await rename(this.#path, join(this.#folder, `${this.#name}.part`)).catch(() => undefined)
  }

  async remove(): Promise<void> {
    await this.#handle.close()
    await rm(this.#path, { force: true })
  }
}

export interface PartialFileOptions {
  readonly folder: string
  readonly url: string
  /** What is to be known of the whole besides its sha256. */
  readonly algorithms: readonly DigestAlgorithm[]
  /** Whether a process still runs. */
  readonly isProcess: (pid: number) => boolean
  readonly onBytes: (arrived: number, total: number | undefined) => void
}

function nameOf(url: string): string {
  return createHash('sha256').update(url).digest('hex').slice(0, 32)
}

/** Renaming succeeds for one process only. */
async function claim(
  { folder, url, isProcess }: PartialFileOptions,
  path: string
): Promise<boolean> {
  const name = nameOf(url)
  for (const entry of await readdir(folder)) {
    if (!entry.startsWith(`${name}.`) || !entry.endsWith('.part')) continue
    const owner = /^\.(\d+)-/.exec(entry.slice(name.length))?.[1]
    if (owner !== undefined && isProcess(Number(owner))) continue
    const taken = await rename(join(folder, entry), path).then(
      () => true,
      () => false
    )
    if (taken) return true
  }
  return false
}

function parseHead(text: string): DownloadHead | undefined {
  try {
    const { bytes, etag, lastModified } = JSON.parse(text) as Partial<Record<string, unknown>>
    return {
      bytes: typeof bytes === 'number' ? bytes : undefined,
      etag: typeof etag === 'string' ? etag : undefined,
      lastModified: typeof lastModified === 'string' ? lastModified : undefined
    }
  } catch {
    return undefined
  }
}
