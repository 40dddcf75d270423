import {
  chmodSync,
  closeSync,
  constants,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  statfsSync,
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
import { clearWay, replacePath, whatIs } from './replace-path.ts'

const pieceBytes = 1024 * 1024

/**
 * Writes a DAG to `target`, which becomes the file, directory or symlink itself. Mode and mtime are
 * applied where recorded: times to the microsecond, as node:fs can, and set-id bits never. Nothing is
 * written through a symlink within the target: what is in the way is `exists`. With `overwrite` a file
 * or symlink is replaced, once what replaces it is whole, and a directory of the DAG goes into the one
 * that is there; a folder with things in it is never removed (`not-empty`). Throws besides as
 * `UnixfsReader`, and `no-space`, `denied` and so on naming the path; the files that were whole by then
 * stay, half ones do not.
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
  readonly #overwrite: boolean
  readonly #onProgress: ExportOptions['onProgress']
  readonly #buffer = Buffer.allocUnsafeSlow(pieceBytes)

  constructor(reader: UnixfsReader, { overwrite = false, onProgress }: ExportOptions) {
    this.#reader = reader
    this.#overwrite = overwrite
    this.#onProgress = onProgress
  }

  /** Writes one thing, in steps: yields the bytes of each. */
  *write(exported: Exported, path: BytePath): Generator<number> {
    const { info, visit } = exported
    if (visit === 'leave') return applyMetadata(path, info)
    switch (info.kind) {
      case 'directory':
        return this.#makeDirectory(path)
      case 'symlink':
        yield* replacePath(path, this.#overwrite, at => this.#makeLink(exported, at))
        this.result.symlinks++
        return
      case 'file':
        throwIfTooLarge(path, info.bytes)
        yield* replacePath(path, this.#overwrite, at => this.#makeFile(exported, at))
        this.result.files++
        this.#tell()
    }
  }

  /** Writable by its owner until all in it is written. */
  #makeDirectory(path: BytePath): void {
    this.result.directories++
    if (this.#overwrite && whatIs(path)?.isDirectory() === true) return
    if (!clearWay(path, this.#overwrite)) rmSync(fromPath(path))
    mkdirSync(fromPath(path))
  }

  #makeLink({ info, link }: Exported, path: BytePath): number[] {
    const target = this.#reader.readSymlink(link.codec, link.multihash)
    symlinkSync(Buffer.from(target), fromPath(path))
    applyLinkTime(path, info)
    return []
  }

  /** Made anew, never opened through a link that lies there; of a recorded mode, nobody else's until it has it. */
  *#makeFile(exported: Exported, path: BytePath): Generator<number> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
    const mode = exported.info.mode === undefined ? 0o666 : 0o600
    const file = openSync(fromPath(path), flags, mode)
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
  }

  #tell(): void {
    const { files, bytes } = this.result
    this.#onProgress?.({ files, bytes })
  }
}

/** Below it no look at the disk is worth its time. */
const largeFileBytes = 64 * 1024 * 1024

/** A file of a few blocks can claim petabytes: that is told before the disk is full of it. */
function throwIfTooLarge(path: BytePath, bytes: number): void {
  if (bytes < largeFileBytes) return
  const { bavail, bsize } = statfsSync(fromPath(path.slice(0, path.lastIndexOf('/') + 1)))
  if (bytes <= bavail * bsize) return
  throw new CairnError(
    'no-space',
    `${shownPath(path)} needs ${bytes} bytes, the disk has ${bavail * bsize} left: make room`
  )
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
}

/** Text: node:fs takes a negative number for the time that it is. */
function timeOf({ mtimeSeconds, mtimeNanoseconds = 0 }: Metadata): string | undefined {
  return mtimeSeconds === undefined ? undefined : String(mtimeSeconds + mtimeNanoseconds / 1e9)
}

function applyMetadata(path: BytePath, metadata: Metadata): void {
  const { mode } = metadata
  if (mode !== undefined) chmodSync(fromPath(path), mode & 0o1777)
  const time = timeOf(metadata)
  if (time !== undefined) utimesSync(fromPath(path), time, time)
}

function applyLinkTime(path: BytePath, metadata: Metadata): void {
  const time = timeOf(metadata)
  if (time !== undefined) lutimesSync(fromPath(path), time, time)
}
