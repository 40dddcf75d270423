import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { extract, type Header } from 'tar-stream'
import { ByteBudget } from '../../src/base/byte-budget.ts'
import { copiedPieces } from '../../src/base/copied-pieces.ts'
import { CairnError, toCairnError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import type { UnpackedEntry } from '../../src/pull/adapter.ts'

/**
 * A package's files as npm installs them: the first part of each path (`package/`) is taken off,
 * links and devices are left out. Throws `corrupt` on a damaged archive, `file-too-large` over
 * `mostBytes` of plain bytes, those that are left out too.
 */
export async function* unpackTgz(
  archive: AsyncIterable<Uint8Array>,
  mostBytes: number = limits.unpackedBytes
): AsyncGenerator<UnpackedEntry> {
  const packed = Readable.from(copiedPieces(archive), { objectMode: false })
  const gunzip = createGunzip()
  const plain = new ByteBudget(mostBytes, 'what the package holds')
  const tar = Readable.from(plain.pass(gunzip), { objectMode: false })
  const entries = extract()
  packed.on('error', error => gunzip.destroy(error))
  tar.on('error', error => entries.destroy(error))
  packed.pipe(gunzip)
  tar.pipe(entries as unknown as NodeJS.WritableStream)
  try {
    for await (const entry of entries) {
      const content = entry as unknown as Readable
      const unpacked = toEntry(entry.header, content)
      if (unpacked !== undefined) yield unpacked
      entry.resume()
    }
  } catch (cause) {
    if (cause instanceof CairnError) throw cause
    throw new CairnError('corrupt', `a damaged tarball: ${toCairnError(cause).message}`, { cause })
  } finally {
    tar.destroy()
    packed.destroy()
    gunzip.destroy()
  }
}

function toEntry(
  header: Header,
  content: NonNullable<UnpackedEntry['content']>
): UnpackedEntry | undefined {
  const kind = header.type === 'directory' ? 'directory' : 'file'
  const plain = ['file', 'contiguous-file', 'directory'].includes(header.type ?? 'file')
  const path = header.name.replace(/^(\.\/)+/, '').replace(/^[^/]*\/?/, '')
  if (!plain || path === '') return undefined
  const mode = header.mode ?? 0
  return {
    path,
    kind,
    mode: kind === 'directory' ? 0o755 : (mode & 0o111) !== 0 ? 0o755 : 0o644,
    mtimeSeconds: Math.floor((header.mtime?.getTime() ?? 0) / 1000),
    ...(kind === 'file' ? { content } : {})
  }
}
