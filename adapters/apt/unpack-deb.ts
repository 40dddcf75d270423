import { Readable } from 'node:stream'
import type { Header } from 'tar-stream'
import { extract } from 'tar-stream'
import { ByteBudget } from '../../src/base/byte-budget.ts'
import { CairnError, toCairnError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import type { UnpackedEntry } from '../../src/pull/adapter.ts'
import { readAr } from './ar.ts'
import { decompress } from './decompress.ts'

/**
 * A binary package's files as they would be installed, its control files below `DEBIAN`.
 * https://manpages.debian.org/bookworm/dpkg-dev/deb.5.en.html
 * Device nodes and fifos, which no package needs in a mount, are left out. Throws `invalid` on what
 * is not a package, `corrupt` on a damaged one, `file-too-large` over `mostBytes` of plain bytes, those
 * that are left out too.
 */
export async function* unpackDeb(
  archive: AsyncIterable<Uint8Array>,
  mostBytes: number = limits.unpackedBytes
): AsyncGenerator<UnpackedEntry> {
  let data = false
  const plain = new ByteBudget(mostBytes, 'what the package holds')
  for await (const member of readAr(archive)) {
    if (member.name.startsWith('control.tar'))
      yield* unpackTar(plain.pass(decompress(member.content)), 'DEBIAN/')
    if (member.name.startsWith('data.tar')) {
      data = true
      yield* unpackTar(plain.pass(decompress(member.content)), '')
    }
  }
  if (!data) throw new CairnError('invalid', 'a package without data.tar')
}

async function* unpackTar(
  tar: AsyncIterable<Uint8Array>,
  prefix: string
): AsyncGenerator<UnpackedEntry> {
  const entries = extract()
  const source = Readable.from(tar, { objectMode: false })
  source.on('error', error => entries.destroy(error))
  source.pipe(entries as unknown as NodeJS.WritableStream)
  try {
    for await (const entry of entries) {
      const unpacked = toEntry(entry.header, entry as unknown as Readable, prefix)
      if (unpacked !== undefined) yield unpacked
      entry.resume()
    }
  } catch (cause) {
    if (cause instanceof CairnError) throw cause
    throw new CairnError('corrupt', `a damaged tar: ${toCairnError(cause).message}`, { cause })
  } finally {
    source.destroy()
  }
}

const kinds: Readonly<Record<string, UnpackedEntry['kind']>> = {
  file: 'file',
  'contiguous-file': 'file',
  directory: 'directory',
  symlink: 'symlink',
  link: 'link'
}

function toEntry(
  header: Header,
  content: NonNullable<UnpackedEntry['content']>,
  prefix: string
): UnpackedEntry | undefined {
  const kind = kinds[header.type ?? 'file']
  if (kind === undefined) return undefined
  const target = header.linkname ?? undefined
  return {
    path: prefix + header.name.replace(/^(\.\/)+/, ''),
    kind,
    mode: (header.mode ?? 0o644) & 0o7777,
    mtimeSeconds: Math.floor((header.mtime?.getTime() ?? 0) / 1000),
    ...(kind === 'symlink' && target !== undefined ? { target } : {}),
    ...(kind === 'link' && target !== undefined
      ? { target: prefix + target.replace(/^(\.\/)+/, '') }
      : {}),
    ...(kind === 'file' ? { content } : {})
  }
}
