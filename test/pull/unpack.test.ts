import t, { type Test } from 'tap'
import { limits } from '../../src/base/limits.ts'
import { toName } from '../../src/base/names.ts'
import type { Adapter, UnpackedEntry } from '../../src/pull/adapter.ts'
import { openUnpacking } from '../../src/pull/unpack.ts'
import type { DirectoryLink } from '../../src/unixfs/api.ts'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { bodyOf, openPullWorld, type PullWorld, until, wantedItem } from '../lib/pull-world.ts'

type Entry = Partial<UnpackedEntry> & { path: string }

/** An adapter whose every archive holds these entries. */
function adapterOf(entries: readonly Entry[], onUnpack = (): void => {}): Adapter {
  return {
    name: 'fake',
    classify: () => undefined,
    unpack: () =>
      async function* () {
        onUnpack()
        for (const entry of entries) {
          yield {
            kind: 'file',
            mode: 0o644,
            mtimeSeconds: 1_700_000_000,
            ...entry
          } as UnpackedEntry
        }
      }
  }
}

async function* text(content: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content)
}

async function held(t: Test): Promise<PullWorld> {
  const origin = await openFakeOrigin()
  const world = openPullWorld()
  t.teardown(async () => {
    await world.remove()
    await origin.close()
  })
  origin.items.set('a.deb', { body: Buffer.alloc(1000, 'archive') })
  await bodyOf(await world.pull.fetch(wantedItem(origin, 'a.deb')))
  await until(() => world.pull.statistics().flights === 0)
  return world
}

function unpackingOf(world: PullWorld, adapter: Adapter) {
  const { catalog, log, reader, writer, store } = world
  return openUnpacking({ catalog, log, reader, writer, blocks: store, adapters: [adapter] })
}

t.test('files, folders, symlinks and hard links become a UnixFS directory', async t => {
  const world = await held(t)
  const entries: Entry[] = [
    { path: './', kind: 'directory', mode: 0o700 },
    { path: './usr/bin/tool', content: text('run'), mode: 0o755 },
    { path: 'usr/bin/', kind: 'directory', mode: 0o711 },
    { path: 'usr/bin/link', kind: 'symlink', target: '../../etc/passwd' },
    { path: 'usr/bin/same', kind: 'link', target: './usr/bin/tool' },
    { path: 'empty', content: text('') }
  ]
  const cid = await unpackingOf(world, adapterOf(entries)).unpack('fake/a.deb')
  t.same(world.catalog.unpacked('fake/a.deb'), cid)
  const { reader } = world
  const root: Pick<DirectoryLink, 'codec' | 'multihash'> = {
    codec: cid.code,
    multihash: cid.multihash.bytes
  }
  const enter = (at: typeof root, name: string) =>
    reader.lookup(at.codec, at.multihash, toName(name))!
  t.equal(reader.info(cid).mode, 0o700)
  const bin = enter(enter(root, 'usr'), 'bin')
  t.equal(reader.infoOf(bin.codec, bin.multihash).mode, 0o711)
  const tool = enter(bin, 'tool')
  t.match(reader.infoOf(tool.codec, tool.multihash), {
    kind: 'file',
    bytes: 3,
    mode: 0o755,
    mtimeSeconds: 1_700_000_000
  })
  t.same(enter(bin, 'same').multihash, tool.multihash, 'a hard link is the same node')
  const link = enter(bin, 'link')
  t.equal(
    Buffer.from(reader.readSymlink(link.codec, link.multihash)).toString(),
    '../../etc/passwd',
    'a target is text: nothing follows it here'
  )
})

t.test('hostile archives are refused and leave nothing', async t => {
  const world = await held(t)
  const link: Entry = { path: 'out', kind: 'symlink', target: '/etc' }
  for (const [why, entries] of [
    ['a path that climbs out', [{ path: '../x', content: text('') }]],
    ['one that climbs out in the middle', [{ path: 'a/../../x', content: text('') }]],
    ['an absolute path', [{ path: '/etc/x', content: text('') }]],
    ['a NUL in a name', [{ path: 'a\0b', content: text('') }]],
    ['a file below a symlink', [link, { path: 'out/x', content: text('') }]],
    [
      'a file below a file',
      [
        { path: 'f', content: text('') },
        { path: 'f/x', content: text('') }
      ]
    ],
    [
      'a file in place of a folder',
      [
        { path: 'd', kind: 'directory' },
        { path: 'd', content: text('') }
      ]
    ],
    ['a path too deep', [{ path: 'd/'.repeat(300), kind: 'directory' }]],
    ['a hard link to nothing', [{ path: 'x', kind: 'link', target: 'gone' }]],
    ['a hard link out of it', [{ path: 'x', kind: 'link', target: '../../etc/passwd' }]],
    ['a hard link to a symlink', [link, { path: 'x', kind: 'link', target: 'out' }]]
  ] as Array<[string, Entry[]]>) {
    await t.rejects(
      unpackingOf(world, adapterOf(entries)).unpack('fake/a.deb'),
      { code: 'invalid', message: /fake\/a\.deb cannot be unpacked/ },
      why
    )
    t.equal(world.catalog.unpacked('fake/a.deb'), undefined)
  }
  const long = adapterOf([{ path: 'x'.repeat(300), content: text('') }])
  await t.rejects(unpackingOf(world, long).unpack('fake/a.deb'), { code: 'name-too-long' })
})

t.test('an archive that unpacks to far more than it is, is refused', async t => {
  const world = await held(t)
  async function* bomb(): AsyncGenerator<Uint8Array> {
    for (;;) yield Buffer.alloc(100_000)
  }
  const bombs = adapterOf([{ path: 'bomb', content: bomb() }])
  await t.rejects(unpackingOf(world, bombs).unpack('fake/a.deb'), { code: 'file-too-large' })
})

t.test('the folders that paths make on their way count as entries', async t => {
  const world = await held(t)
  const deep = 'd/'.repeat(limits.unpackedDepth - 2)
  const many = Array.from({ length: limits.unpackedEntries / 200 }, (_, at) => ({
    path: `${at}/${deep}`,
    kind: 'directory' as const
  }))
  await t.rejects(unpackingOf(world, adapterOf(many)).unpack('fake/a.deb'), {
    code: 'file-too-large',
    message: /entries/
  })
})

t.test('an archive that lost a block is dropped, to be fetched anew', async t => {
  const world = await held(t)
  world.store.remove([world.catalog.get('fake/a.deb')!.cid.multihash.bytes])
  const unpacking = unpackingOf(world, adapterOf([]))
  await t.rejects(unpacking.unpack('fake/a.deb'), { code: 'not-found' })
  t.equal(world.catalog.get('fake/a.deb'), undefined)
})

t.test('who asks at once shares the work, who asks later has it', async t => {
  const world = await held(t)
  let times = 0
  const unpacking = unpackingOf(
    world,
    adapterOf([{ path: 'x', content: text('x') }], () => {
      times++
    })
  )
  const cids = await Promise.all([1, 2, 3].map(() => unpacking.unpack('fake/a.deb')))
  t.equal(new Set(cids.map(String)).size, 1)
  await unpacking.unpack('fake/a.deb')
  t.equal(times, 1)
  await t.rejects(unpacking.unpack('fake/other'), { code: 'not-found' })
})
