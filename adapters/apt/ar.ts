import { CairnError } from '../../src/base/errors.ts'
import { ByteSource } from './byte-source.ts'

export interface ArMember {
  readonly name: string
  readonly bytes: number
  /** May be left unread, in part or whole, before the next member is asked for. */
  readonly content: AsyncIterable<Uint8Array>
}

const magic = '!<arch>\n'
const headerBytes = 60

/**
 * The members of an ar archive in the common format, one after the other.
 * https://manpages.debian.org/bookworm/manpages-dev/ar.5.en.html Throws `invalid` on what is none, `corrupt` on a cut one.
 */
export async function* readAr(archive: AsyncIterable<Uint8Array>): AsyncGenerator<ArMember> {
  const source = new ByteSource(archive)
  try {
    const start = await source.take(magic.length)
    if (start === undefined || start.toString('latin1') !== magic) {
      throw new CairnError('invalid', 'not an ar archive, so not a package')
    }
    for (;;) {
      const header = await source.take(headerBytes)
      if (header === undefined) return
      const { name, bytes } = parseHeader(header.toString('latin1'))
      const content = source.stream(bytes)
      yield { name, bytes, content }
      for await (const _ of content);
      if (bytes % 2 === 1) await source.take(1)
    }
  } finally {
    await source.close()
  }
}

function parseHeader(header: string): { name: string; bytes: number } {
  const size = header.slice(48, 58).trim()
  if (header.slice(58) !== '`\n' || !/^\d{1,10}$/.test(size)) {
    throw new CairnError('corrupt', 'a damaged member header in an ar archive')
  }
  return { name: header.slice(0, 16).trimEnd().replace(/\/$/, ''), bytes: Number(size) }
}
