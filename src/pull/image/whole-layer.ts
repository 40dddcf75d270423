import { untilAborted } from '../../base/until-aborted.ts'
import type { LayerEntry } from '../adapter.ts'
import type { Body } from '../api.ts'

/**
 * A layer's entries; ends only when its body was read to the end, and so was found right: an archive may
 * end before its bytes do. Throws what `unpack` and the body throw, and `aborted`, at once.
 */
export async function* wholeLayer(
  unpack: (layer: Body) => AsyncIterable<LayerEntry>,
  body: Body,
  signal: AbortSignal
): AsyncGenerator<LayerEntry> {
  const pieces = piecesOf(body)
  const next = () => untilAborted(Promise.resolve(pieces.next()), signal)
  try {
    yield* unpack(keptOpen(next))
    while ((await next()).done !== true);
  } finally {
    // Not waited for: what is asked of a body that does not come would be.
    void Promise.resolve(pieces.return?.()).catch(() => {})
  }
}

function piecesOf(body: Body): Iterator<Uint8Array> | AsyncIterator<Uint8Array> {
  return Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : body[Symbol.iterator]()
}

/** Who stops to read does not end the body. */
async function* keptOpen(
  next: () => Promise<IteratorResult<Uint8Array>>
): AsyncGenerator<Uint8Array> {
  for (let piece = await next(); piece.done !== true; piece = await next()) yield piece.value
}
