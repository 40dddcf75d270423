import { pipeline } from 'node:stream'
import { extract, type Header } from 'tar-stream'
import { CairnError, toCairnError } from '../base/errors.ts'
import type { TreeEntry } from './api.ts'
import { shownEntry } from './entry-tree.ts'
import type { BytePath } from './paths.ts'
import { parsePaxTime, type Time } from './pax-time.ts'

const kinds: Readonly<Record<string, TreeEntry['kind']>> = {
  file: 'file',
  'contiguous-file': 'file',
  directory: 'directory',
  symlink: 'symlink',
  link: 'link'
}

/** Names as their bytes, and v7 archives too; its types know of neither. */
const parserOptions: Parameters<typeof extract>[0] & {
  readonly filenameEncoding: 'latin1'
  readonly allowUnknownFormat: boolean
} = { filenameEncoding: 'latin1', allowUnknownFormat: true }

/** The fields of an entry's extended header. */
function paxOf(header: Header): Readonly<Record<string, string>> {
  return (header.pax ?? {}) as Readonly<Record<string, string>>
}

/**
 * The entries of a tar archive (v7, ustar, pax, GNU): https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 * Devices, fifos and volume labels are left out with a warning. Throws `invalid` if it is damaged or cut
 * off, `unsupported` for what would be read as something else: sparse files, parts of a dump, and names
 * in extended headers that are not UTF-8.
 */
export async function* readTar(
  archive: AsyncIterable<Uint8Array>,
  warnings: string[]
): AsyncGenerator<TreeEntry> {
  const parser = extract(parserOptions)
  const tail = new Tail()
  const fed = Promise.withResolvers<void>()
  pipeline(tail.pass(archive), parser, cause => {
    if (cause) fed.reject(cause)
    else fed.resolve()
  })
  fed.promise.catch(() => undefined)
  try {
    for await (const entry of parser) {
      const taken = describeEntry(entry.header, warnings)
      if (taken?.kind === 'file')
        yield { ...taken, content: tail.guard(entry as AsyncIterable<Uint8Array>) }
      else if (taken !== undefined) yield taken
      entry.resume()
    }
    await fed.promise
  } catch (cause) {
    throw tail.explain(cause)
  }
  if (!tail.isEndMarker) warnings.push('the tar archive has no end marker: it may be cut off')
}

function describeEntry(header: Header, warnings: string[]): TreeEntry | undefined {
  const { type, mode = 0o644, size = 0 } = header
  const pax = paxOf(header)
  const path = bytesOf(header.name, pax.path)
  if (Object.keys(pax).some(key => key.startsWith('GNU.sparse.'))) {
    throw unknownKind(bytesOf(path, pax['GNU.sparse.name']))
  }
  const kind = kinds[type ?? '']
  if (kind === undefined) {
    const isLabel = type === null && size === 0 && mode === 0
    if (type === null && !isLabel) throw unknownKind(path)
    warnings.push(`left out ${path}: it is a ${type ?? 'volume label'}, not content`)
    return undefined
  }
  const linkname = bytesOf(header.linkname ?? '', pax.linkpath)
  if (!Number.isInteger(mode)) throw damagedHeader(path, 'mode')
  const target = linkname === '' ? {} : { target: linkname }
  return { path, kind, mode, ...timeOf(header, path), ...target }
}

/** A name as the header has it, or as its extended header has it: that is text, and right only if UTF-8. */
function bytesOf(name: string, text: string | undefined): BytePath {
  if (text === undefined || text === '') return name
  const bytes = Buffer.from(text, 'utf8').toString('latin1')
  if (!text.includes('\ufffd')) return bytes
  throw new CairnError(
    'unsupported',
    `the archive's entry ${shownEntry(bytes)} has a name that is not UTF-8: pack it with tar's --format=gnu`
  )
}

/** Of the extended header if there is one. tar-stream misses by one when it reads a negative number of GNU tar. */
function timeOf(header: Header, path: BytePath): Time {
  const { mtime } = paxOf(header)
  const seconds = Math.floor((header.mtime?.getTime() ?? 0) / 1000)
  const time =
    mtime === undefined
      ? { mtimeSeconds: seconds < 0 ? seconds - 1 : seconds, mtimeNanoseconds: 0 }
      : parsePaxTime(mtime)
  if (time === undefined || Number.isNaN(time.mtimeSeconds)) throw damagedHeader(path, 'time')
  return time
}

function damagedHeader(path: BytePath, field: string): CairnError {
  const entry = `the ${field} of its entry ${shownEntry(path)}`
  return new CairnError('invalid', `the tar archive is damaged: ${entry} is no number`)
}

/** Read as a plain file, such an entry would be one of wrong bytes. */
function unknownKind(path: BytePath): CairnError {
  const what = 'stored sparse, or part of an incremental or multi-volume dump'
  return new CairnError(
    'unsupported',
    `the archive's entry ${shownEntry(path)} is ${what}: pack it without those options of tar`
  )
}

/** Watches an archive pass: whether it ends as one does, and whose failure a failure was. */
class Tail {
  #failure: CairnError | undefined
  #zeros = 0

  /** An archive ends with a block of zeros: https://www.gnu.org/software/tar/manual/html_node/Standard.html */
  get isEndMarker(): boolean {
    return this.#zeros >= 512
  }

  async *pass(archive: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of archive) {
        this.#count(piece)
        yield piece
      }
    } catch (cause) {
      this.#failure = toCairnError(cause)
      throw cause
    }
  }

  /** The content of an entry, failing as the archive does. */
  async *guard(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* content
    } catch (cause) {
      throw this.explain(cause)
    }
  }

  /** The failure of the archive's source if that is what it was, else that the archive is damaged. */
  explain(cause: unknown): CairnError {
    if (this.#failure !== undefined) return this.#failure
    if (cause instanceof CairnError) return cause
    const { message } = toCairnError(cause)
    return new CairnError('invalid', `the tar archive is damaged: ${message}`, { cause })
  }

  #count(piece: Uint8Array): void {
    let zeros = 0
    while (zeros < Math.min(512, piece.length) && piece[piece.length - 1 - zeros] === 0) zeros++
    this.#zeros = zeros === piece.length ? this.#zeros + zeros : zeros
  }
}
