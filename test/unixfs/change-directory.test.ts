import t from 'tap'
import { makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import { type Name, toName } from '../../src/base/names.ts'
import type { DirectoryLink, Metadata, Profile } from '../../src/unixfs/api.ts'
import { listBytes } from '../../src/unixfs/build-directory.ts'
import { changeDirectory, type DirectoryChanges } from '../../src/unixfs/change-directory.ts'
import { HamtPath } from '../../src/unixfs/hamt-path.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { memoryBlocks } from '../lib/memory-blocks.ts'

/** A directory changed by its shards is the one that building it anew gives, to the byte. */

type Links = Map<Name, DirectoryLink>

function linkOf(name: Name, version: number): DirectoryLink {
  const multihash = sha256Multihash(Buffer.from(`${name} ${version}`))
  return { name, codec: 0x55, multihash, cidVersion: 1, dagBytes: version * 1000 }
}

function linksOf(names: readonly string[]): Links {
  return new Map(names.map(text => [toName(text), linkOf(toName(text), 0)]))
}

/** So few names that many shards have one or two. */
const small = (profile: Profile): Profile => ({
  ...profile,
  hamt: { ...profile.hamt, thresholdBytes: 500 }
})

const metadata: Metadata = { mode: 0o755, mtimeSeconds: 7 }

function cidOf(node: { codec: number; multihash: Uint8Array; dagBytes: number }) {
  return [makeCid(node.codec, node.multihash).toString(), node.dagBytes]
}

/** Makes changes by shards and anew; returns what they gave, and the links from then on. */
function both(profile: Profile, before: Links, changes: DirectoryChanges) {
  const blocks = memoryBlocks()
  const { multihash } = openUnixfsWriter(blocks, profile).directory(before.values())
  const known = { multihash, listBytes: listBytes(profile, [...before.values()]) }
  const changed = changeDirectory(blocks, profile, known, changes, metadata)
  const after: Links = new Map(before)
  for (const [name, link] of changes) {
    if (link === undefined) after.delete(name)
    else after.set(name, link)
  }
  const wanted = openUnixfsWriter(memoryBlocks(), profile).directory(after.values(), metadata)
  return { changed, wanted, after }
}

const names = (count: number, prefix = 'file') =>
  Array.from({ length: count }, (_, number) => `${prefix}-${number}`)

/** Names whose hashes begin alike, so that shards lie in each other. */
function alike(bits: number): string[] {
  const first = new HamtPath(toName('alike-0')).take(bits)
  const found: string[] = []
  for (let number = 0; found.length < 3; number++) {
    const text = `alike-${number}`
    if (new HamtPath(toName(text)).take(bits) === first) found.push(text)
  }
  return found
}

const [one = '', two = '', three = ''] = alike(16)

const cases: ReadonlyArray<
  readonly [string, readonly string[], readonly string[], readonly string[]]
> = [
  ['nothing', names(300), [], []],
  ['one file', names(300), ['file-7'], []],
  ['a new one', names(300), ['new'], []],
  ['one removed', names(300), [], ['file-7']],
  ['one removed that was not there', names(300), [], ['never']],
  ['most removed', names(300), [], names(270)],
  ['a second name at a place', [...names(30), one], [two], []],
  ['a third name at a place', [...names(30), one, two], [three], []],
  ['the second name at a place removed', [...names(30), one, two], [], [two]],
  ['all names at a place removed', [...names(30), one, two, three], [], [one, two, three]],
  ['one of three at a place removed', [...names(30), one, two, three], [], [one]],
  ['one at a place replaced by another', [...names(30), one], [two], [one]],
  ['two at a place replaced by one', [...names(30), one, two], [three], [one, two]],
  ['many', names(300), names(200, 'more'), names(100)]
]

for (const profile of [small(profiles['unixfs-v1-2025']), small(profiles['unixfs-v0-2015'])]) {
  for (const [what, before, set, gone] of cases) {
    t.test(`${profile.name}: ${what}`, t => {
      const changes = new Map<Name, DirectoryLink | undefined>()
      for (const text of gone) changes.set(toName(text), undefined)
      for (const text of set) changes.set(toName(text), linkOf(toName(text), 1))
      const { changed, wanted, after } = both(profile, linksOf(before), changes)
      if (changed === undefined) return t.fail('it is sharded still')
      t.same(cidOf(changed.node), cidOf(wanted))
      t.equal(changed.listBytes, listBytes(profile, [...after.values()]))
      t.end()
    })
  }

  t.test(`${profile.name}: one that is small enough not to be sharded is to be built`, t => {
    const changes = new Map(names(295).map(text => [toName(text), undefined]))
    t.equal(both(profile, linksOf(names(300)), changes).changed, undefined)
    t.end()
  })

  t.test(`${profile.name}: any changes, one after the other`, t => {
    const pool = [...names(60), one, two, three].map(toName)
    let links = linksOf(names(60))
    let state = 42
    const next = (sides: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 2 ** 32) * sides)
    }
    for (let round = 0; round < 150; round++) {
      const changes = new Map<Name, DirectoryLink | undefined>()
      for (let count = 1 + next(8); count > 0; count--) {
        const name = pool[next(pool.length)] ?? toName('x')
        changes.set(name, next(3) === 0 ? undefined : linkOf(name, round))
      }
      const { changed, wanted, after } = both(profile, links, changes)
      if (changed !== undefined && `${cidOf(changed.node)}` !== `${cidOf(wanted)}`) {
        t.fail(`round ${round} differs`)
      }
      links = after
    }
    t.pass()
    t.end()
  })
}

t.test('a shard that is not here, or is none, is told', t => {
  const profile = small(profiles['unixfs-v1-2025'])
  const blocks = memoryBlocks()
  const before = { multihash: sha256Multihash(Buffer.from('nobody')), listBytes: 600 }
  t.throws(() => changeDirectory(blocks, profile, before, new Map()), { code: 'missing' })
  const { multihash } = openUnixfsWriter(blocks, profile).directory([])
  const flat = { multihash, listBytes: 600 }
  t.throws(() => changeDirectory(blocks, profile, flat, new Map()), { code: 'corrupt' })
  t.end()
})
