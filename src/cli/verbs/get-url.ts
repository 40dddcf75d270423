import { basename, resolve } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { type Digest, digestFromHex } from '../../base/digest.ts'
import { CairnError } from '../../base/errors.ts'
import type { Content } from '../../daemon/content.ts'
import { isProcess } from '../../daemon/is-process.ts'
import { refuseOffline } from '../../daemon/offline.ts'
import type { Settings } from '../../daemon/settings.ts'
import { exportPath } from '../../ingest/export-path.ts'
import { openCatalog } from '../../pull/catalog.ts'
import { openFetchUpstream } from '../../pull/fetch-upstream.ts'
import { type FetchedUrl, fetchUrl, keyOf } from '../../pull/url/fetch-url.ts'
import { profiles } from '../../unixfs/profiles.ts'
import { openUnixfsWriter } from '../../unixfs/writer.ts'
import { type Cli, settingsOf } from '../cli.ts'
import { parseCid } from '../parse-cid.ts'
import { openProgress } from '../progress.ts'
import { withContent } from '../with-content.ts'
import type { GetOptions } from './get.ts'

/**
 * Fetches a URL into the store and writes it to a file. What is held and still right is not fetched;
 * what was cut goes on. Throws `mismatch` if the bytes are not those expected, `exists` as `get`.
 */
export async function getUrl(cli: Cli, url: string, options: GetOptions): Promise<void> {
  if (options.tar === true) throw new CairnError('usage', '--tar is for what is in the store')
  const key = keyOf(url)
  const expected = expectedDigest(options)
  const output = options.output ?? fileName(key)
  const settings = await settingsOf(cli, options)
  await withContent(settings.home, async content => {
    const { item, from } = await fetchIt(cli, content, settings, url, expected)
    if (options.cid !== undefined && !item.cid.equals(parseCid(options.cid))) {
      throw new CairnError('mismatch', `${url} is ${item.cid}, not ${options.cid}`)
    }
    if (output === '-') await writeOut(cli, content, item)
    else {
      await exportPath(item.cid, output, content.reader, {
        overwrite: options.force === true,
        signal: cli.signal
      })
    }
    const [sha256] = item.digests
    const facts = { url, cid: item.cid.toString(), bytes: item.bytes, digest: sha256, from }
    if (output === '-') return
    if (options.json === true) cli.terminal.printJson({ ...facts, output: resolve(output) })
    else cli.terminal.note(`${output}: ${item.bytes} bytes, ${from}, ${item.cid}`)
  })
}

/** As its last name stands decoded, where that can be a file's name. */
function fileName(key: string): string {
  const last = basename(key.replace(/\?.*$/s, ''))
  try {
    const name = basename(decodeURIComponent(last))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what no name should have
    return name === '..' || name === '' || /[\u0000-\u001f\u007f]/.test(name) ? last : name
  } catch {
    return last
  }
}

/** https://www.w3.org/TR/SRI/#integrity-metadata, of one algorithm. */
function expectedDigest({ sha256, integrity }: GetOptions): Digest | undefined {
  if (sha256 !== undefined && integrity !== undefined) {
    throw new CairnError('usage', '--sha256 and --integrity say the same: give one')
  }
  if (sha256 !== undefined) return asUsage(() => digestFromHex('sha256', sha256))
  if (integrity === undefined) return undefined
  const [, algorithm, base64 = ''] = /^(sha256|sha512)-([A-Za-z0-9+/]+=*)$/.exec(integrity) ?? []
  if (algorithm !== 'sha256' && algorithm !== 'sha512') {
    throw new CairnError('usage', `${integrity.slice(0, 40)}: write sha256-… or sha512-… (base64)`)
  }
  return asUsage(() => digestFromHex(algorithm, Buffer.from(base64, 'base64').toString('hex')))
}

function asUsage<T>(parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    throw new CairnError('usage', cause instanceof Error ? cause.message : String(cause))
  }
}

async function fetchIt(
  cli: Cli,
  content: Content,
  settings: Settings,
  url: string,
  expected: Digest | undefined
): Promise<FetchedUrl> {
  const progress = await openProgress(cli.terminal, `fetching ${url}`, 'file', systemClock)
  const plainFetch = openFetchUpstream()
  const parts = {
    catalog: openCatalog(content.database),
    blocks: content.store,
    reader: content.reader,
    writer: openUnixfsWriter(content.store, profiles[settings.profile]),
    fetchUpstream: refuseOffline(plainFetch, () => settings),
    clock: systemClock,
    folder: content.paths.partial,
    isProcess
  }
  try {
    return await fetchUrl(parts, {
      url,
      expected,
      signal: cli.signal,
      onBytes: (bytes, totalBytes) =>
        progress.update({ things: 0, totalThings: 1, bytes, totalBytes })
    })
  } finally {
    progress.stop()
    plainFetch.close()
  }
}

async function writeOut(
  cli: Cli,
  { reader }: Content,
  { cid, bytes }: FetchedUrl['item']
): Promise<void> {
  const buffer = Buffer.allocUnsafe(1024 * 1024)
  for (let position = 0; position < bytes; ) {
    const read = reader.readFile(cid.code, cid.multihash.bytes, buffer, position)
    if (read === 0) throw new CairnError('corrupt', `${cid} ends too early: run cairn fsck`)
    await cli.terminal.write(buffer.subarray(0, read))
    position += read
  }
}
