import { pipeline } from 'node:stream'
import { extract, type Header } from 'tar-stream'
import { CairnError, toCairnError } from '../base/errors.ts'
import type { TreeEntry } from './api.ts'

const kinds: Readonly<Record<string, TreeEntry['kind']>> = {
  file: 'file',
  'contiguous-file': 'file',
  directory: 'directory',
  symlink: 'symlink',
  link: 'link'
}

/**
 * The entries of a tar archive (ustar, pax, GNU): https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 * Devices and fifos are left out with a warning. Throws `invalid` if it is damaged or cut off.
 */
export async function* readTar(
  archive: AsyncIterable<Uint8Array>,
  warnings: string[]
): AsyncGenerator<TreeEntry> {
  const parser = extract()
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
  const { name, type = 'file', mode = 0o644, mtime, linkname } = header
  const kind = kinds[type ?? 'file']
  if (kind === undefined) {
    warnings.push(`left out ${name}: it is a ${type}, not content`)
    return undefined
  }
  return {
    path: name,
    kind,
    mode,
    mtimeSeconds: Math.floor((mtime?.getTime() ?? 0) / 1000),
    ...(typeof linkname === 'string' ? { target: linkname } : {})
  }
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
