import type { Metadata, Node } from '../unixfs/api.ts'
import { abortable } from './abortable.ts'
import type { ImportStreamOptions } from './api.ts'
import type { Tally } from './tally.ts'

/** As `Ingest.importStream`, without the flush. */
export async function importStream(
  tally: Tally,
  stream: AsyncIterable<Uint8Array>,
  { metadata, mode, mtimeSeconds }: ImportStreamOptions
): Promise<Node> {
  tally.filesFound = 1
  tally.complete = true
  const recorded = {
    ...(mode === undefined ? {} : { mode }),
    ...(mtimeSeconds === undefined ? {} : { mtimeSeconds })
  }
  const node = await addStream(tally, stream, metadata ? recorded : {})
  tally.finishedFile()
  return node
}

/** One file of all the bytes of a stream. */
export async function addStream(
  tally: Tally,
  stream: AsyncIterable<Uint8Array>,
  metadata: Metadata
): Promise<Node> {
  const builder = tally.writer.file()
  for await (const piece of abortable(stream, tally.signal)) {
    builder.write(piece)
    tally.read(piece.length)
    await tally.breather.did(1, piece.length)
  }
  return builder.finish(metadata)
}
