import { pack } from 'tar-stream'

/** A path, what stands there, and more of its header. */
export type Entry = [path: string, what?: string | { to: string } | { hard: string }, more?: object]

/** A layer of entries: a path that ends with a slash is a directory, text a file. */
export async function layerOf(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack()
  for (const [path, what = '', more = {}] of entries) {
    const name = path.replace(/\/$/, '')
    if (path.endsWith('/')) tar.entry({ name, type: 'directory', mode: 0o755, ...more })
    else if (typeof what === 'string') tar.entry({ name, mode: 0o644, ...more }, what)
    else if ('to' in what) tar.entry({ name, type: 'symlink', linkname: what.to, ...more })
    else tar.entry({ name, type: 'link', linkname: what.hard, ...more })
  }
  tar.finalize()
  const pieces: Buffer[] = []
  for await (const piece of tar) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

/** Bytes as they may arrive. */
export async function* inPieces(bytes: Buffer, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
