import {
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync
} from 'node:fs'
import type { CID } from 'multiformats/cid'
import { CairnError, toCairnError } from '../base/errors.ts'
import type { Metadata, UnixfsReader } from '../unixfs/api.ts'
import type { ExportOptions, ExportResult } from './api.ts'
import { Breather, entryUnits } from './breathe.ts'
import { type Exported, readPieces, walkTree } from './export-walk.ts'
import { type BytePath, fromPath, shownPath, toPath } from './paths.ts'

const pieceBytes = 1024 * 1024

/**
 * Writes a DAG to `target`, which becomes the file, directory or symlink itself. Mode and mtime are
 * applied where recorded: times to the microsecond, as node:fs can, and set-id bits never. Nothing is
 * written through a symlink within the target: what is in the way is `exists`, or with `overwrite`
 * replaced. Throws besides as `UnixfsReader`, and `no-space`, `denied` and so on naming the path; what
 * was written by then stays.
 */
export async function exportPath(
  cid: CID,
  target: string,
  reader: UnixfsReader,
  options: ExportOptions = {}
): Promise<ExportResult> {
  const root = toPath(target)
  const output = new Output(reader, options)
  const breather = new Breather(options.signal)
  for (const exported of walkTree(reader, cid)) {
    const path = exported.path === '' ? root : `${root}/${exported.path}`
    try {
      for (const bytes of output.write(exported, path)) await breather.did(1, bytes)
    } catch (cause) {
      throw toCairnError(cause, `cannot write ${shownPath(path)}`)
    }
    await breather.did(entryUnits)
  }
  return output.result
}

class Output {
  readonly result = { files: 0, directories: 0, symlinks: 0, bytes: 0 }
  readonly #reader: UnixfsReader
  readonly #options: ExportOptions
  readonly #buffer = Buffer.allocUnsafeSlow(pieceBytes)

  constructor(reader: UnixfsReader, options: ExportOptions) {
    this.#reader = reader
    this.#options = options
  }

  /** Writes one thing, in steps: yields the bytes of each. */
  *write(exported: Exported, path: BytePath): Generator<number> {
    const { info, link, visit } = exported
    if (visit === 'leave') return applyMetadata(path, info)
    switch (info.kind) {
      case 'directory':
        return this.#makeDirectory(path)
      case 'symlink':
        this.#clear(path)
        symlinkSync(
          Buffer.from(this.#reader.readSymlink(link.codec, link.multihash)),
          fromPath(path)
        )
        applyLinkTime(path, info)
        this.result.symlinks++
        return
      case 'file':
        yield* this.#writeFile(exported, path)
    }
  }

  /** Writable by its owner until all in it is written. */
  #makeDirectory(path: BytePath): void {
    this.result.directories++
    if (this.#options.overwrite === true && isDirectory(path)) return
    this.#clear(path)
    mkdirSync(fromPath(path))
  }

  /** Made anew, never opened through a link that lies there. */
  *#writeFile(exported: Exported, path: BytePath): Generator<number> {
    this.#clear(path)
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
    const file = openSync(fromPath(path), flags, 0o666)
    try {
      for (const piece of readPieces(this.#reader, exported, this.#buffer)) {
        writeAll(file, piece)
        this.result.bytes += piece.length
        this.#tell()
        yield piece.length
      }
    } finally {
      closeSync(file)
    }
    applyMetadata(path, exported.info)
    this.result.files++
    this.#tell()
  }

  /** Makes sure that nothing is at a path. Throws `exists`. */
  #clear(path: BytePath): void {
    if (lstatSync(fromPath(path), { throwIfNoEntry: false }) === undefined) return
    if (this.#options.overwrite !== true) {
      throw new CairnError(
        'exists',
        `${shownPath(path)} is there already: choose another place, or overwrite it (--force)`
      )
    }
    rmSync(fromPath(path), { recursive: true })
  }

  #tell(): void {
    const { files, bytes } = this.result
    this.#options.onProgress?.({ files, bytes })
  }
}

function isDirectory(path: BytePath): boolean {
  return lstatSync(fromPath(path), { throwIfNoEntry: false })?.isDirectory() === true
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
}

function timeOf({ mtimeSeconds, mtimeNanoseconds = 0 }: Metadata): number | undefined {
  return mtimeSeconds === undefined ? undefined : mtimeSeconds + mtimeNanoseconds / 1e9
}

function applyMetadata(path: BytePath, metadata: Metadata): void {
  const { mode } = metadata
  if (mode !== undefined) chmodSync(fromPath(path), mode & 0o777)
  const time = timeOf(metadata)
  if (time !== undefined) utimesSync(fromPath(path), time, time)
}

function applyLinkTime(path: BytePath, metadata: Metadata): void {
  const time = timeOf(metadata)
  if (time !== undefined) lutimesSync(fromPath(path), time, time)
}
