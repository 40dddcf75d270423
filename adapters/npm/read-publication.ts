import { createHash } from 'node:crypto'
import { CairnError } from '../../src/base/errors.ts'
import { isObject, type JsonObject, refuseTooManyValues } from './packument.ts'

/** The body of a `PUT /<name>`: a part of a packument, and the tarballs of what is new. */
export interface Publication {
  readonly document: JsonObject
  readonly tarballs: readonly PublishedTarball[]
}

export interface PublishedTarball {
  readonly bytes: Uint8Array
  /** As `dist.integrity` and `dist.shasum` have them. */
  readonly integrity: string
  readonly shasum: string
}

/** Throws `invalid` on what is not a publication of this package. */
export function readPublication(name: string, bytes: Uint8Array): Publication {
  refuseTooManyValues(name, bytes, 'invalid')
  const { _attachments: attachments = {}, ...document } = parse(name, bytes)
  const named = document.name ?? document._id
  if (named !== name) throw wrong(name, `it names ${shown(named)}`)
  if (!isObject(attachments)) throw wrong(name, '_attachments is no map')
  const tarballs = Object.entries(attachments)
    .filter(([file]) => file.endsWith('.tgz'))
    .map(([file, attachment]) => tarballOf(name, file, attachment))
  return { document, tarballs }
}

function parse(name: string, bytes: Uint8Array): JsonObject {
  try {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch {
    // Said below.
  }
  throw wrong(name, 'it is no JSON object')
}

function tarballOf(name: string, file: string, attachment: unknown): PublishedTarball {
  const { data, length } = isObject(attachment) ? attachment : {}
  if (typeof data !== 'string') throw wrong(name, `${shown(file)} has no data`)
  const bytes = unpooled(Buffer.from(data, 'base64'))
  if (length !== undefined && length !== bytes.length) {
    throw wrong(name, `${shown(file)} has ${bytes.length} bytes, not ${shown(length)}`)
  }
  return {
    bytes,
    integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
    shasum: createHash('sha1').update(bytes).digest('hex')
  }
}

/** Short ones lie in memory that others share, which cannot be handed over. */
function unpooled(bytes: Buffer): Uint8Array {
  return bytes.length === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
}

function wrong(name: string, why: string): CairnError {
  return new CairnError('invalid', `what was sent is no publication of ${name}: ${why}`)
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 100)
}
