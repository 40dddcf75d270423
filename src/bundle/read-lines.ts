import { createReadStream } from 'node:fs'
import { CairnError } from '../base/errors.ts'

/** The longest line: an entry of a catalog has a key, digests and validators, some hundred bytes. */
const lineBytes = 64 * 1024

/** The lines of a file, without their ends. Throws `invalid` for one that is too long, however long the file is. */
export async function* readLines(
  path: string,
  onBytes: (bytes: Uint8Array) => void
): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
    onBytes(piece)
    const all = rest.byteLength === 0 ? piece : Buffer.concat([rest, piece])
    let from = 0
    for (let end = all.indexOf(10); end >= 0; end = all.indexOf(10, from)) {
      yield lineOf(all.subarray(from, end))
      from = end + 1
    }
    rest = all.subarray(from)
    if (rest.byteLength > lineBytes) throw tooLong()
  }
  if (rest.byteLength > 0) yield lineOf(rest)
}

function lineOf(bytes: Buffer): string {
  if (bytes.byteLength <= lineBytes) return bytes.toString()
  throw tooLong()
}

function tooLong(): CairnError {
  return new CairnError('invalid', `a line has more than ${lineBytes} bytes`)
}
