import { open, rm } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { CID } from 'multiformats/cid'
import { systemClock } from '../../base/clock.ts'
import { CairnError } from '../../base/errors.ts'
import { exportPath } from '../../ingest/export-path.ts'
import { exportTar } from '../../ingest/export-tar.ts'
import type { UnixfsReader } from '../../unixfs/api.ts'
import type { Cli, CommonOptions } from '../cli.ts'
import { openProgress } from '../progress.ts'
import { sealMfs } from '../seal-mfs.ts'
import { cidOf, type FoundPath, withPath } from '../with-path.ts'
import { printFile } from './cat.ts'
import { getUrl } from './get-url.ts'

export interface GetOptions extends CommonOptions {
  readonly output?: string
  readonly tar?: boolean
  readonly force?: boolean
  /** What a URL must give. */
  readonly sha256?: string
  readonly integrity?: string
  readonly cid?: string
}

/** What is got, and where to. */
interface Order {
  readonly cid: CID
  readonly name: string
  /** Undefined: standard output. */
  readonly output: string | undefined
  readonly reader: UnixfsReader
}

/**
 * Writes a file or folder out of the store, or what a URL names, through it. Throws `exists` if something stands in the way and not
 * `--force`, `busy` for what is open for writing in /mfs.
 */
export async function get(cli: Cli, path: string, options: GetOptions): Promise<void> {
  if (/^https?:\/\//i.test(path)) return await getUrl(cli, path, options)
  if ((options.sha256 ?? options.integrity ?? options.cid) !== undefined) {
    throw new CairnError('usage', '--sha256, --integrity and --cid are for a URL')
  }
  const tar = options.tar === true
  await withPath(cli, path, options, async found => {
    const { content, name } = found
    if (!tar && options.output === '-') return await printFile(cli, path, found)
    const cid = await sealedCid(cli, path, found)
    const output = outputOf(options, tar ? undefined : basename(name))
    const order: Order = { cid, name: basename(name), output, reader: content.reader }
    await (tar ? writeTar(cli, order, options) : writeFiles(cli, order, options))
    if (options.json === true && output !== undefined) {
      cli.terminal.printJson({ path, cid: cid.toString(), output: resolve(output) })
    }
  })
}

function outputOf({ output }: GetOptions, otherwise: string | undefined): string | undefined {
  return output === '-' ? undefined : (output ?? otherwise)
}

/** Of what was written to /mfs since the last seal, by one more. */
async function sealedCid(cli: Cli, path: string, found: FoundPath): Promise<CID> {
  const { tree, attributes } = found
  const known = cidOf(tree, attributes.ino)
  if (known !== undefined) return known
  await sealMfs(cli, found, 'get')
  const cid = cidOf(tree, attributes.ino)
  if (cid !== undefined) return cid
  throw new CairnError('busy', `${path} is open for writing: end what writes to it and try again`)
}

async function writeFiles(cli: Cli, order: Order, options: GetOptions): Promise<void> {
  const { cid, name, output = name, reader } = order
  const progress = await openProgress(cli.terminal, `writing ${output}`, 'file', systemClock)
  try {
    await exportPath(cid, output, reader, {
      overwrite: options.force === true,
      signal: cli.signal,
      onProgress: ({ files, bytes }) => progress.update({ things: files, bytes })
    })
  } finally {
    progress.stop()
  }
}

async function writeTar(cli: Cli, order: Order, options: GetOptions): Promise<void> {
  const { cid, name, output, reader } = order
  const archive = exportTar(cid, reader, { name, signal: cli.signal })
  if (output === undefined) {
    for await (const piece of archive) await cli.terminal.write(piece)
    return
  }
  const force = options.force === true
  const file = await open(output, force ? 'w' : 'wx')
  try {
    await pipeline(Readable.from(archive), file.createWriteStream())
  } catch (cause) {
    if (!force) await rm(output)
    throw cause
  }
}
