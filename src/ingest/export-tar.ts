import type { CID } from 'multiformats/cid'
import { type Pack, pack } from 'tar-stream'
import { CairnError, toCairnError } from '../base/errors.ts'
import { type Name, nameText } from '../base/names.ts'
import type { NodeInfo, UnixfsReader } from '../unixfs/api.ts'
import type { ExportTarOptions } from './api.ts'
import { Breather, entryUnits, throwIfAborted } from './breathe.ts'
import { type Exported, readPieces, walkTree } from './export-walk.ts'
import { formatPaxTime } from './pax-time.ts'

/** Small pieces: a consumer that stops has little behind it. */
const pieceBytes = 256 * 1024

/**
 * A DAG as a tar archive (pax where a name, a size or a time needs it), its entries below `name`; a root
 * that is a file or a symlink is the entry `name` itself. Without metadata files are 0644, directories
 * 0755, all of the year 1970: the same DAG gives the same archive. Set-id bits are not given out. Throws
 * as `UnixfsReader`, and `unsupported` for a name that is not UTF-8, which tar-stream cannot write.
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
  const common = { name: path === '' ? name : `${name}/${textOf(path)}`, ...timeOf(info) }
  switch (info.kind) {
    case 'directory':
      return { ...common, type: 'directory', mode: modeOf(info, 0o755) }
    case 'file':
      return { ...common, type: 'file', mode: modeOf(info, 0o644), size: info.bytes }
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

/** With a bit that no header has room for: of a mode of 0 tar-stream would make its default. */
function modeOf({ mode }: NodeInfo, assumed: number): number {
  return 0o100000 | ((mode ?? assumed) & 0o1777)
}

/** The seconds that tar-stream writes right end in 2038; what else there is goes into an extended header. */
function timeOf({ mtimeSeconds = 0, mtimeNanoseconds = 0 }: NodeInfo): Partial<TarHeader> {
  const isPlain = mtimeNanoseconds === 0 && mtimeSeconds >= 0 && mtimeSeconds < 2 ** 31
  const whole = Math.min(Math.max(mtimeSeconds, 0), 2 ** 31 - 1)
  const pax = { mtime: formatPaxTime({ mtimeSeconds, mtimeNanoseconds }) }
  return { mtime: new Date(whole * 1000), ...(isPlain ? {} : { pax }) }
}

function textOf(path: string): string {
  const text = nameText(path as Name)
  if (Buffer.from(text, 'utf8').toString('latin1') === path) return text
  throw new CairnError('unsupported', `the name ${JSON.stringify(text)} is not UTF-8: use a folder`)
}
