import type { CID } from 'multiformats/cid'
import { type Pack, pack } from 'tar-stream'
import { CairnError, toCairnError } from '../base/errors.ts'
import { type Name, nameText } from '../base/names.ts'
import type { UnixfsReader } from '../unixfs/api.ts'
import type { ExportTarOptions } from './api.ts'
import { Breather, entryUnits, throwIfAborted } from './breathe.ts'
import { type Exported, readPieces, walkTree } from './export-walk.ts'

/** Small pieces: a consumer that stops has little behind it. */
const pieceBytes = 256 * 1024

/**
 * A DAG as a tar archive (pax where a name or a size needs it), its entries below `name`; a root that
 * is a file or a symlink is the entry `name` itself. Without metadata files are 0644, directories 0755,
 * all of the year 1970: the same DAG gives the same archive. Throws as `UnixfsReader`, and
 * `unsupported` for a name that is not UTF-8, which tar-stream cannot write.
 */
export async function* exportTar(
  cid: CID,
  reader: UnixfsReader,
  options: ExportTarOptions = {}
): AsyncGenerator<Uint8Array> {
  const archive = pack()
  const writing = writeEntries(archive, cid, reader, options).then(
    () => archive.finalize(),
    cause => archive.destroy(toCairnError(cause))
  )
  try {
    for await (const piece of archive) yield piece as Uint8Array
  } catch (cause) {
    throw toCairnError(cause)
  } finally {
    archive.destroy()
    await writing
  }
}

async function writeEntries(
  archive: Pack,
  cid: CID,
  reader: UnixfsReader,
  { name = cid.toString(), onProgress, signal }: ExportTarOptions
): Promise<void> {
  const breather = new Breather(signal)
  const buffer = Buffer.allocUnsafeSlow(pieceBytes)
  let files = 0
  let bytes = 0
  for (const exported of walkTree(reader, cid)) {
    if (exported.visit === 'leave') continue
    const header = headerOf(exported, name, reader)
    const entry = archive.entry(header)
    entry.on('error', () => undefined)
    if (exported.info.kind === 'file') {
      for (const piece of readPieces(reader, exported, buffer)) {
        await write(entry, Buffer.from(piece), archive)
        bytes += piece.length
        await breather.did(1, piece.length)
      }
      files++
      onProgress?.({ files, bytes })
    }
    entry.end(null)
    await breather.did(entryUnits)
  }
  throwIfAborted(signal)
}

type TarEntry = ReturnType<Pack['entry']>
type TarHeader = Parameters<Pack['entry']>[0]

/** Waits while the consumer is behind; ends when it is gone. */
async function write(entry: TarEntry, piece: Uint8Array, archive: Pack): Promise<void> {
  if (archive.destroyed) throw new CairnError('aborted', 'nobody reads the archive any more')
  if (entry.write(piece)) return
  await new Promise<void>(resolve => {
    entry.once('drain', resolve)
    entry.once('close', resolve)
  })
}

function headerOf(exported: Exported, name: string, reader: UnixfsReader): TarHeader {
  const { info, link, path } = exported
  const { mtimeSeconds = 0, mode } = info
  const common = {
    name: path === '' ? name : `${name}/${textOf(path)}`,
    mtime: new Date(mtimeSeconds * 1000)
  }
  switch (info.kind) {
    case 'directory':
      return { ...common, type: 'directory', mode: mode ?? 0o755 }
    case 'file':
      return { ...common, type: 'file', mode: mode ?? 0o644, size: info.bytes }
    case 'symlink': {
      const target = Buffer.from(reader.readSymlink(link.codec, link.multihash))
      return {
        ...common,
        type: 'symlink',
        mode: 0o777,
        linkname: textOf(target.toString('latin1'))
      }
    }
  }
}

function textOf(path: string): string {
  const text = nameText(path as Name)
  if (Buffer.from(text, 'utf8').toString('latin1') === path) return text
  throw new CairnError('unsupported', `the name ${JSON.stringify(text)} is not UTF-8: use a folder`)
}
