import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeWorld, type World } from '../cli/run-cairn.ts'
import { seededBytes } from '../lib/deterministic.ts'

const packages = ['helia', '@helia/http', '@helia/unixfs', '@helia/verified-fetch', 'multiformats']

/** Stock helia, installed from the machine's registry; what it fetches from a gateway. */
async function installHelia(world: World) {
  const folder = join(world.folder, 'helia')
  await mkdir(folder)
  const dependencies = Object.fromEntries(packages.map(name => [name, 'latest']))
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }))
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts']
  const installed = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' })
  if (installed.status !== 0) throw new Error(`helia cannot be installed: ${installed.stderr}`)
  const program = join(folder, 'fetch-by-helia.mjs')
  await copyFile(new URL('./fetch-by-helia.mjs', import.meta.url), program)
  return (...of: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...of], {
      encoding: 'utf8',
      timeout: 120_000
    })
    const lines = stdout.trim().split('\n').filter(Boolean)
    return { status, stderr, fetched: lines.map(line => JSON.parse(line) as Fetched) }
  }
}

interface Fetched {
  readonly what: string
  readonly bytes: number
  readonly sha256: string
}

function expected(what: string, bytes: Uint8Array): Fetched {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { what, bytes: bytes.length, sha256 }
}

async function addFile(world: World, name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(join(world.folder, name), bytes)
  return await world.line(['add', name])
}

async function makeSite(t: Test) {
  const world = await makeWorld(t)
  const long = seededBytes(5_000_000, 'long')
  const short = Buffer.from('short')
  const site = join(world.folder, 'site')
  await mkdir(site)
  await writeFile(join(site, 'long.bin'), long)
  for (let index = 0; index < 3000; index++) {
    await writeFile(join(site, `${'an entry of a folder that is sharded '.repeat(2)}${index}`), 'x')
  }
  const cids = {
    long: await addFile(world, 'long', long),
    short: await addFile(world, 'short', short),
    empty: await addFile(world, 'empty', Buffer.alloc(0)),
    site: await world.line(['add', 'site'])
  }
  const { url } = await world.start()
  return { world, long, short, cids, url }
}

t.test('a stock helia node and verified-fetch have all from the gateway, verified', async t => {
  const { world, long, short, cids, url } = await makeSite(t)
  const helia = await installHelia(world)
  const byBlocks = helia(url, 'unixfs', cids.long, cids.short, cids.empty)
  t.strictSame(
    byBlocks.fetched,
    [expected(cids.long, long), expected(cids.short, short), expected(cids.empty, Buffer.alloc(0))],
    byBlocks.stderr
  )
  const inFolder = `ipfs://${cids.site}/long.bin`
  const verified = helia(url, 'verified', `ipfs://${cids.long}`, inFolder)
  t.strictSame(
    verified.fetched,
    [expected(`ipfs://${cids.long}`, long), expected(inFolder, long)],
    verified.stderr
  )
  const none = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
  t.not(helia(url, 'unixfs', none).status, 0, 'what is not here fails')
})
