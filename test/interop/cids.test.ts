import { mkdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { makeWorld } from '../cli/run-cairn.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { makeKubo, requireKubo } from './kubo.ts'

const MiB = 2 ** 20

/** What Kubo calls the profiles of IPIP-499. */
const profiles = {
  'unixfs-v1-2025': [
    '--cid-version=1',
    '--raw-leaves',
    '--chunker=size-1048576',
    '--max-file-links=1024'
  ],
  'unixfs-v0-2015': [
    '--cid-version=0',
    '--raw-leaves=false',
    '--chunker=size-262144',
    '--max-file-links=174'
  ]
} as const

/** Folders that show where programs differ: lengths around a chunk, names, links, many entries. */
async function makeTrees(folder: string): Promise<string[]> {
  const put = async (path: string, bytes: Uint8Array | string) => {
    await mkdir(join(folder, path, '..'), { recursive: true })
    await writeFile(join(folder, path), bytes)
  }
  for (const length of [0, 1, 262_143, 262_144, 262_145, MiB - 1, MiB, MiB + 1, 5 * MiB + 7]) {
    await put(`lengths/${length}`, seededBytes(length, `length ${length}`))
  }
  // Over 174 chunks of 256 KiB: two levels of links in the older profile.
  await put('deep/file', seededBytes(46 * MiB, 'deep'))
  await put('zeros/file', Buffer.alloc(3 * MiB))
  for (const name of [
    'ä',
    'a\u0308',
    '日本',
    ' ',
    'a b',
    '.hidden',
    '%41',
    'quote\'"',
    'A',
    'a',
    '😀',
    'n'.repeat(255)
  ])
    await put(`names/${name}`, name)
  await mkdir(join(folder, 'links/empty'), { recursive: true })
  await symlink('../elsewhere/ä', join(folder, 'links/away'))
  await symlink('empty', join(folder, 'links/near'))
  for (let depth = 1; depth <= 12; depth++) await put(`${'down/'.repeat(depth)}file`, `${depth}`)
  // A folder becomes a tree of shards over 256 KiB of names and links.
  for (let index = 0; index < 6_000; index++)
    await put(`many/file-${index}-${'x'.repeat(20)}`, `${index % 7}`)
  for (let index = 0; index < 5_000; index++) await put(`nearly/${index}`, '')
  await utimes(join(folder, 'deep/file'), 1, 1)
  return ['lengths', 'deep', 'zeros', 'names', 'links', 'down', 'many', 'nearly']
}

t.test('Kubo gives every tree the CID that it has here, in both profiles', async t => {
  if (!requireKubo(t)) return
  const kubo = await makeKubo(t)
  const world = await makeWorld(t)
  const trees = await makeTrees(world.folder)
  for (const [profile, options] of Object.entries(profiles)) {
    for (const tree of trees) {
      const path = join(world.folder, tree)
      const theirs = await kubo.line([
        'add',
        '-r',
        '-Q',
        '--hidden',
        '--only-hash',
        ...options,
        path
      ])
      const ours = await world.line(['add', '--only-hash', '--profile', profile, path])
      t.equal(ours, theirs, `${profile} ${tree}`)
    }
  }
})

t.test('modes and times travel in the same blocks', async t => {
  if (!requireKubo(t)) return
  const kubo = await makeKubo(t)
  const world = await makeWorld(t)
  const path = join(world.folder, 'file')
  await writeFile(path, 'with a time', { mode: 0o640 })
  await utimes(path, 1_700_000_000, 1_700_000_000)
  // Kubo keeps them with the older profile only: it has no raw leaves then.
  const options = [...profiles['unixfs-v0-2015'], '--preserve-mode', '--preserve-mtime']
  const theirs = await kubo.line(['add', '-Q', '--only-hash', ...options, path])
  const profile = ['--profile', 'unixfs-v0-2015', '--metadata']
  t.equal(await world.line(['add', '--only-hash', ...profile, path]), theirs)
  const ours = await world.line(['add', 'file', '--metadata'])
  const car = await world.line(['bundle', 'export', ours, '-o', join(world.folder, 'bundle')])
  t.ok(car)
  await kubo.run(['dag', 'import', join(world.folder, 'bundle/part-0001.car')])
  t.equal((await kubo.run(['cat', '--offline', ours])).toString(), 'with a time')
  t.equal(
    await kubo.line(['files', 'stat', '--format=<mode> <mtime>', `/ipfs/${ours}`]),
    '-rw-r----- 14 Nov 2023, 22:13:20 UTC'
  )
})
