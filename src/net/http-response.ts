import { CairnError } from '../base/errors.ts'
import type { SocketReader } from './socket-reader.ts'

type Bytes = Pick<SocketReader, 'peek' | 'take'>

/** What comes before a body: https://www.rfc-editor.org/rfc/rfc9112#section-2.1 */
export interface ResponseHead {
  readonly status: number
  /** By name in lower case; those that came more than once joined by commas. */
  readonly headers: ReadonlyMap<string, string>
}

const headBytes = 16 * 1024
/** A chunk's length in hexadecimal digits, without extensions. */
const chunkLine = /^[0-9a-f]{1,8}$/i
const chunkLineBytes = 16

/** Reads the head of an answer to a request that asked for no interim ones. Throws `upstream` for what is none. */
export async function readHead(bytes: Bytes): Promise<ResponseHead> {
  const text = await readUntil(bytes, '\r\n\r\n', headBytes)
  const [first = '', ...lines] = text.split('\r\n')
  const status = /^HTTP\/1\.1 ([2-5]\d\d)(?: |$)/.exec(first)?.[1]
  if (status === undefined) throw damaged('no answer of HTTP/1.1')
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, name, value = ''] = /^([\w!#$%&'*+.^`|~-]+):[\t ]*(.*?)[\t ]*$/.exec(line) ?? []
    if (name === undefined) throw damaged('a header that is none')
    const key = name.toLowerCase()
    const before = headers.get(key)
    headers.set(key, before === undefined ? value : `${before}, ${value}`)
  }
  return { status: Number(status), headers }
}

/**
 * The body that belongs to a head, each piece valid until the next is asked for. Throws `upstream` for one that
 * ends early or has no length that can be told. https://www.rfc-editor.org/rfc/rfc9112#section-6
 */
export async function* readBody(
  bytes: Bytes,
  { status, headers }: ResponseHead
): AsyncGenerator<Uint8Array> {
  const coding = headers.get('transfer-encoding')
  const length = headers.get('content-length')
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked' || length !== undefined) throw damaged('two lengths')
    yield* readChunks(bytes)
  } else if (length !== undefined) {
    if (!/^\d{1,15}$/.test(length)) throw damaged('a length that is none')
    yield* readExactly(bytes, Number(length))
  } else if (status !== 204) throw damaged('no length')
}

async function* readChunks(bytes: Bytes): AsyncGenerator<Uint8Array> {
  for (;;) {
    const line = await readUntil(bytes, '\r\n', chunkLineBytes)
    if (!chunkLine.test(line)) throw damaged('a chunk without a length')
    const length = Number.parseInt(line, 16)
    yield* readExactly(bytes, length)
    if ((await readUntil(bytes, '\r\n', 2)) !== '') throw damaged('a chunk with another length')
    if (length === 0) return
  }
}

async function* readExactly(bytes: Bytes, count: number): AsyncGenerator<Uint8Array> {
  for (let left = count; left > 0; ) {
    const piece = await bytes.peek()
    if (piece === undefined) throw damaged('less than it told')
    const part = piece.subarray(0, left)
    yield part
    bytes.take(part.byteLength)
    left -= part.byteLength
  }
}

/** The text before `mark`, which is taken too: so many bytes at most, both together. */
async function readUntil(bytes: Bytes, mark: string, mostBytes: number): Promise<string> {
  let text = ''
  for (;;) {
    const piece = await bytes.peek()
    if (piece === undefined) throw damaged('less than a head')
    const before = text.length
    text += Buffer.from(piece.subarray(0, mostBytes)).toString('latin1')
    const end = text.indexOf(mark)
    if (end !== -1 && end + mark.length <= mostBytes) {
      bytes.take(end + mark.length - before)
      return text.slice(0, end)
    }
    if (text.length >= mostBytes) throw damaged('a line or a head that is too long')
    bytes.take(piece.byteLength)
  }
}

function damaged(what: string): CairnError {
  return new CairnError('upstream', `it sends ${what}`)
}
