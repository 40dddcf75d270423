/** A longer line is cut: no field that is read comes near it, and memory stays bounded. */
const lineCharacters = 64 * 1024

/**
 * Lines of text without their ends, a batch for each piece of the source. Bytes are taken as
 * latin1: field names and hashes are ASCII; who reads a path makes UTF-8 of it again.
 */
export async function* textLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<string[]> {
  let rest = ''
  let cut = false
  for await (const piece of source) {
    const text = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('latin1')
    const lines = text.split('\n')
    const first = lines[0] ?? ''
    lines[0] = cut ? rest : rest + first
    cut = lines.length === 1 && (cut || lines[0].length > lineCharacters)
    rest = (lines.pop() ?? '').slice(0, lineCharacters)
    yield lines
  }
  if (rest !== '') yield [rest]
}
