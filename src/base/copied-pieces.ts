/** A stream's pieces as copies: for readers that keep them longer than their memory is valid. */
export async function* copiedPieces(
  stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
): AsyncGenerator<Uint8Array> {
  for await (const piece of stream) yield new Uint8Array(piece)
}
