import t from 'tap'
import { type Multihash, makeCid } from '../../../src/base/blocks.ts'
import { CairnError } from '../../../src/base/errors.ts'
import { toName } from '../../../src/base/names.ts'
import type { Node } from '../../../src/unixfs/api.ts'
import { profiles } from '../../../src/unixfs/profiles.ts'
import { openUnixfsReader } from '../../../src/unixfs/reader.ts'
import { type NodeFacts, rootFacts, writeSideRecord } from '../../../src/unixfs/side-record.ts'
import { openUnixfsWriter } from '../../../src/unixfs/writer.ts'
import { fileType, type Tree } from '../../../src/vfs/api.ts'
import { InodeTable } from '../../../src/vfs/frozen/inode-table.ts'
import { openPackageTree } from '../../../src/vfs/frozen/package-tree.ts'
import type { PackageContents } from '../../../src/vfs/frozen/package-view.ts'
import { memoryBlocks } from '../../lib/memory-blocks.ts'
import { takeCensus } from './inode-invariants.ts'
import { type Content, list, name, readAll, statistics, walk, write } from './tree-fixture.ts'

/** What a tree of names has: facts of a node, those below it, or both. */
interface Facts {
  readonly own?: NodeFacts
  readonly in?: { readonly [name: string]: Facts }
}

/** Images by name, each a folder in the tree's root. */
function fixture(asUser = 0) {
  const blocks = memoryBlocks()
  const reader = openUnixfsReader(blocks)
  const writer = openUnixfsWriter(blocks, profiles['unixfs-v1-2025'])
  const contents = new Map<string, PackageContents>()
  const inodes = new InodeTable()
  const record = ({ own = rootFacts, in: below = {} }: Facts): Node | undefined => {
    const entries = Object.entries(below).flatMap(([name, facts]) => {
      const node = record(facts)
      return node === undefined ? [] : [{ ...node, name: toName(name) }]
    })
    return writeSideRecord(writer, own, entries)
  }
  const image = (name: string, content: Content, facts: Facts): Multihash | undefined => {
    const { codec, multihash } = write(blocks, content)
    const beside = record(facts)?.multihash
    blocks.flush()
    contents.set(`${name}.oci`, { codec, multihash, record: beside })
    return beside
  }
  const packages = {
    archiveSuffixes: ['.oci'],
    list: (prefix: string) =>
      prefix === '' ? [...contents.keys()].map(name => ({ name, kind: 'file' as const })) : [],
    item: (key: string) => {
      const found = contents.get(key)
      return found && { codec: found.codec, multihash: found.multihash, bytes: 0 }
    },
    unpacked: (key: string) => {
      const found = contents.get(key)
      if (found !== undefined) return found
      throw new CairnError('missing', `${key} is not unpacked`)
    }
  }
  const owner = { uid: asUser, gid: asUser }
  const open = (): Tree => openPackageTree({ packages, reader, inodes, owner, statistics })
  return { blocks, inodes, image, open, tree: open() }
}

const owners = (tree: Tree, path: string) => {
  const { uid, gid } = tree.attributes(walk(tree, path))
  return `${uid}:${gid}`
}
const of = (uid: number, gid = uid): Facts => ({ own: { uid, gid } })

t.test('owners are those of the image, what is not recorded is root’s', async t => {
  const { tree, image } = fixture()
  const content = { etc: { passwd: 'p' }, home: { me: { f: 'x', g: 'y' } }, top: 't' }
  image('a', content, { in: { home: { in: { me: { ...of(1000), in: { f: of(1000, 50) } } } } } })
  for (const [path, expected] of Object.entries({
    a: '0:0',
    'a/top': '0:0',
    'a/etc/passwd': '0:0',
    'a/home': '0:0',
    'a/home/me': '1000:1000',
    'a/home/me/f': '1000:50',
    'a/home/me/g': '0:0'
  })) {
    t.equal(owners(tree, path), expected, path)
  }
  const listed = list(tree, walk(tree, 'a/home/me'))
  t.strictSame(
    listed.map(entry => [entry.name, entry.attributes?.uid]),
    [
      ['f', 1000],
      ['g', 0]
    ]
  )
  t.equal(readAll(tree, walk(tree, 'a/home/me/f')).toString(), 'x')
  t.equal(tree.parent(walk(tree, 'a/home/me')), walk(tree, 'a/home'))
  t.throws(() => tree.lookup(walk(tree, 'a/home/me/f'), name('x')), { code: 'not-directory' })
})

t.test('one content, two owners: two inodes; the same owner: one', async t => {
  const { tree, image, inodes, open } = fixture()
  const content = { d: { f: 'the same' } }
  image('a', content, { in: { d: { ...of(1), in: { f: of(1) } } } })
  image('b', content, { in: { d: { ...of(2), in: { f: of(2) } } } })
  image('c', { other: { g: 'the same' } }, { in: { other: { in: { g: of(1) } } } })
  image('d', content, {})
  const ino = (path: string) => walk(tree, path)
  for (let round = 0; round < 2; round++) {
    t.equal(owners(tree, 'a/d/f'), '1:1')
    t.equal(owners(tree, 'b/d/f'), '2:2')
    t.equal(owners(tree, 'd/d/f'), '0:0')
    t.equal(owners(open(), 'b/d'), '2:2', 'as another thread sees it')
  }
  t.not(ino('a/d/f'), ino('b/d/f'))
  t.not(ino('a/d/f'), ino('d/d/f'))
  t.equal(ino('a/d/f'), ino('c/other/g'), 'one page cache for both')
  const cid = makeCid(0x55, write(memoryBlocks(), 'the same').multihash).toString()
  for (const path of ['a/d/f', 'b/d/f', 'd/d/f']) {
    t.equal(Buffer.from(tree.xattr(ino(path), 'user.cairn.cid')).toString(), cid)
    t.equal(tree.frozen?.(ino(path)), true)
  }
  takeCensus(inodes.memory)
})

t.test(
  'who is not root has all to himself, devices and attributes are shown all the same',
  async t => {
    const { tree, image } = fixture(1000)
    const device = { type: 'block', major: 8, minor: 300 } as const
    image('a', { f: 'x', sda: '' }, { in: { f: of(33), sda: { own: { ...rootFacts, device } } } })
    t.equal(owners(tree, 'a/f'), '1000:1000')
    t.match(tree.attributes(walk(tree, 'a/sda')), {
      uid: 1000,
      rdev: (300 & 0xff) | (8 << 8) | (0x100 << 12)
    })
  }
)

t.test('devices, fifos and extended attributes', async t => {
  const { tree, image } = fixture()
  const value = Buffer.from('0100000280ff', 'hex')
  image(
    'a',
    { null: '', pipe: '', ping: 'program', d: { x: '' }, odd: { y: '' } },
    {
      in: {
        null: { own: { ...rootFacts, device: { type: 'character', major: 1, minor: 3 } } },
        pipe: { own: { uid: 5, gid: 5, device: { type: 'fifo', major: 0, minor: 0 } } },
        ping: { own: { ...rootFacts, xattrs: new Map([['security.capability', value]]) } },
        d: {
          own: {
            ...rootFacts,
            xattrs: new Map([
              ['user.b', value],
              ['user.a', value]
            ])
          }
        },
        odd: { own: { ...rootFacts, device: { type: 'block', major: 1, minor: 1 } } }
      }
    }
  )
  const attributes = (path: string) => tree.attributes(walk(tree, path))
  t.match(attributes('a/null'), { mode: fileType.character | 0o444, rdev: 0x103, size: 0 })
  t.match(attributes('a/pipe'), { mode: fileType.fifo | 0o444, rdev: 0, uid: 5 })
  t.equal(attributes('a/odd').mode & fileType.mask, fileType.directory, 'a folder is no device')
  t.throws(() => tree.read(walk(tree, 'a/null'), Buffer.alloc(1), 0), { code: 'invalid' })
  const ping = walk(tree, 'a/ping')
  t.strictSame(tree.xattrNames(ping), ['user.cairn.cid', 'security.capability'])
  t.strictSame(Buffer.from(tree.xattr(ping, 'security.capability')), value)
  t.throws(() => tree.xattr(ping, 'user.none'), { code: 'no-attribute' })
  t.strictSame(tree.xattrNames(walk(tree, 'a/d')), ['user.cairn.cid', 'user.a', 'user.b'])
  t.strictSame(tree.xattrNames(walk(tree, 'a/d/x')), ['user.cairn.cid'])
  t.strictSame(tree.xattrNames(walk(tree, 'a')), [])
})

t.test('equal facts are one record, whatever order they came in; other facts are not', async t => {
  const { image } = fixture()
  const xattrs = (...names: string[]) => new Map(names.map(name => [name, Buffer.from(name)]))
  const one = image(
    'a',
    { f: '' },
    { in: { f: { own: { ...rootFacts, xattrs: xattrs('user.a', 'user.b') } } } }
  )
  const two = image(
    'b',
    { f: '' },
    { in: { f: { own: { ...rootFacts, xattrs: xattrs('user.b', 'user.a') } } } }
  )
  const three = image(
    'c',
    { f: '' },
    { in: { f: { own: { ...rootFacts, xattrs: xattrs('user.b') } } } }
  )
  t.ok(one)
  t.strictSame(one, two)
  t.notSame(one, three)
  t.equal(image('d', { f: '' }, { in: { f: {} } }), undefined)
})

t.test('a record that is not here is missing, not somebody else’s owner', async t => {
  const { tree, image, blocks } = fixture()
  const record = image('a', { f: 'x' }, { in: { f: of(7) } })
  blocks.drop(record as Multihash)
  t.throws(() => walk(tree, 'a/f'), { code: 'missing' })
})

t.test('an image of 20,000 described entries reads each record once', async t => {
  const { tree, image, blocks, inodes } = fixture()
  const names = Array.from({ length: 200 }, (_, at) => String(at))
  const folder = Object.fromEntries(names.map(name => [name, name]))
  const content = Object.fromEntries(names.slice(0, 100).map(name => [name, folder]))
  const mine = { ...of(1000), in: Object.fromEntries(names.map(name => [name, of(1000)])) }
  image('a', content, { in: Object.fromEntries(names.slice(0, 100).map(name => [name, mine])) })
  let entries = 0
  const reads = () => blocks.calls.read + blocks.calls.readInto
  const before = reads()
  for (const { name: folderName } of list(tree, walk(tree, 'a'))) {
    for (const { attributes } of list(tree, walk(tree, `a/${folderName}`))) {
      if (attributes?.uid === 1000) entries++
    }
  }
  t.equal(entries, 20_000)
  t.ok(reads() - before < 1000, `${reads() - before} blocks were read`)
  takeCensus(inodes.memory)
})
