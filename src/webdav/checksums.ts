import { createHash, type Hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { refuse } from './refuse.ts'

/** What a client says that its body is. */
interface Promised {
  readonly algorithm: string
  readonly header: string
  /** Lower-case hex. */
  readonly digest: string
}

const algorithms: Readonly<Record<string, string>> = {
  'sha-256': 'sha256',
  sha256: 'sha256',
  'sha-512': 'sha512',
  sha: 'sha1',
  sha1: 'sha1',
  md5: 'md5'
}

/**
 * The digests that a request promises of its body: ownCloud's OC-Checksum, `Digest` of RFC 3230,
 * `Content-Digest` and `Repr-Digest` of https://www.rfc-editor.org/rfc/rfc9530, Content-MD5. Those
 * of unknown algorithms are passed over, as these say.
 */
export class Checksums {
  readonly #promised: readonly Promised[]
  readonly #hashes: ReadonlyMap<string, Hash>

  constructor(headers: IncomingHttpHeaders, of: 'whole' | 'part') {
    this.#promised = promises(headers, of)
    const wanted = new Set(this.#promised.map(({ algorithm }) => algorithm))
    this.#hashes = new Map([...wanted].map(name => [name, createHash(name)]))
  }

  update(bytes: Uint8Array): void {
    for (const hash of this.#hashes.values()) hash.update(bytes)
  }

  /** Throws a refusal with status 400 if one is not what was promised. */
  check(): void {
    const made = new Map([...this.#hashes].map(([name, hash]) => [name, hash.digest('hex')]))
    const wrong = this.#promised.find(({ algorithm, digest }) => made.get(algorithm) !== digest)
    if (wrong === undefined) return
    const { header, algorithm } = wrong
    throw refuse(400, `the body’s ${algorithm} is not what ${header} says: send it again`)
  }
}

function promises(headers: IncomingHttpHeaders, of: 'whole' | 'part'): Promised[] {
  const found = [
    ...inHex(headers, 'oc-checksum'),
    ...inBase64(headers, 'content-digest', /^([\w-]+)=:([\w+/=]*):$/),
    ...md5Of(headers)
  ]
  if (of === 'part') return found
  return [
    ...found,
    ...inBase64(headers, 'digest', /^([\w-]+)=([\w+/=]*)$/),
    ...inBase64(headers, 'repr-digest', /^([\w-]+)=:([\w+/=]*):$/)
  ]
}

/** `SHA1:da39… MD5:d41d…` */
function inHex(headers: IncomingHttpHeaders, header: string): Promised[] {
  return wordsOf(headers, header, /[\s,]+/).flatMap(word => {
    const [, name = '', digest = ''] = /^([\w-]+):([0-9a-f]+)$/i.exec(word) ?? []
    return promise(header, name, digest.toLowerCase())
  })
}

function inBase64(headers: IncomingHttpHeaders, header: string, form: RegExp): Promised[] {
  return wordsOf(headers, header, /\s*,\s*/).flatMap(word => {
    const [, name = '', digest = ''] = form.exec(word) ?? []
    return promise(header, name, Buffer.from(digest, 'base64').toString('hex'))
  })
}

function md5Of(headers: IncomingHttpHeaders): Promised[] {
  const [digest] = wordsOf(headers, 'content-md5', /\s+/)
  if (digest === undefined) return []
  return promise('content-md5', 'md5', Buffer.from(digest, 'base64').toString('hex'))
}

function promise(header: string, name: string, digest: string): Promised[] {
  const key = name.toLowerCase()
  const algorithm = Object.hasOwn(algorithms, key) ? algorithms[key] : undefined
  return algorithm === undefined ? [] : [{ header, algorithm, digest }]
}

function wordsOf(headers: IncomingHttpHeaders, name: string, between: RegExp): string[] {
  const value = headers[name]
  return typeof value === 'string' ? value.trim().split(between).slice(0, 8) : []
}
