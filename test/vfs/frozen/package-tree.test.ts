import t from 'tap'
import { CairnError } from '../../../src/base/errors.ts'
import { nameFromBytes } from '../../../src/base/names.ts'
import { openUnixfsReader } from '../../../src/unixfs/reader.ts'
import { fileType } from '../../../src/vfs/api.ts'
import { InodeTable } from '../../../src/vfs/frozen/inode-table.ts'
import { openPackageTree } from '../../../src/vfs/frozen/package-tree.ts'
import type {
  PackageContents,
  PackageEntry,
  PackageItem
} from '../../../src/vfs/frozen/package-view.ts'
import { memoryBlocks } from '../../lib/memory-blocks.ts'
import { takeCensus } from './inode-invariants.ts'
import {
  type Content,
  cidOf,
  list,
  name,
  namesOf,
  owner,
  readAll,
  statistics,
  walk,
  write
} from './tree-fixture.ts'

const hello = 'apt/debian/pool/main/h/hello/hello_2.10-3_amd64.deb'
const release = 'apt/debian/dists/bookworm/InRelease'

/** A catalog in memory; what was asked to be unpacked is in `wanted`. */
function packageFixture() {
  const blocks = memoryBlocks()
  const items = new Map<string, PackageItem>()
  const contents = new Map<string, PackageContents>()
  const wanted: string[] = []
  const packages = {
    archiveSuffixes: ['.deb'],
    *list(prefix: string): Iterable<PackageEntry> {
      const begin = prefix === '' ? '' : `${prefix}/`
      const seen = new Set<string>()
      for (const key of [...items.keys()].sort()) {
        if (!key.startsWith(begin)) continue
        const [name = '', ...below] = key.slice(begin.length).split('/')
        const kind = below.length > 0 ? 'directory' : 'file'
        if (seen.has(`${kind} ${name}`)) continue
        seen.add(`${kind} ${name}`)
        yield { name, kind }
      }
    },
    item: (key: string) => items.get(key),
    unpacked: (key: string) => {
      const found = contents.get(key)
      if (found !== undefined) return found
      wanted.push(key)
      throw new CairnError('missing', `${key} is not unpacked`, {
        want: { kind: 'unpacked', id: key }
      })
    }
  }
  const inodes = new InodeTable()
  const open = () =>
    openPackageTree({ packages, reader: openUnixfsReader(blocks), inodes, owner, statistics })
  const put = (key: string, bytes: string) => {
    const { codec, multihash, fileBytes } = write(blocks, bytes)
    items.set(key, { codec, multihash, bytes: fileBytes })
  }
  const unpack = (key: string, content: Content) => {
    contents.set(key, write(blocks, content))
  }
  return {
    tree: open(),
    open,
    put,
    unpack,
    drop: (key: string) => items.delete(key),
    wanted,
    inodes,
    blocks
  }
}

t.test('an empty catalog is an empty directory', async t => {
  const { tree } = packageFixture()
  t.same(list(tree, 1), [])
  t.throws(() => tree.lookup(1, name('apt')), { code: 'not-found' })
})

t.test('keys are directories, documents and archives, as they are stored', async t => {
  const { tree, put } = packageFixture()
  put(hello, 'an archive')
  put(release, 'a document')
  t.same(namesOf(list(tree, 1)), ['apt'])
  t.same(namesOf(list(tree, walk(tree, 'apt/debian'))), ['dists', 'pool'])
  t.equal(readAll(tree, walk(tree, hello)).toString(), 'an archive')
  t.equal(readAll(tree, walk(tree, release)).toString(), 'a document')
  t.equal(tree.attributes(walk(tree, 'apt/debian')).mode, fileType.directory | 0o555)
  t.equal(tree.parent(walk(tree, 'apt/debian')), walk(tree, 'apt'))
  t.throws(() => walk(tree, `${release}/x`), { code: 'not-directory' })
  t.throws(() => walk(tree, 'apt/debian/poo'), { code: 'not-found' })
  t.throws(() => tree.lookup(1, nameFromBytes(Buffer.from([0xff]))), { code: 'not-found' })
  t.throws(() => tree.lookup(1, nameFromBytes(Buffer.alloc(300, 'a'))), { code: 'name-too-long' })
  t.throws(() => tree.lookup(1, nameFromBytes(Buffer.from('..'))), { code: 'invalid' })
})

t.test('to see an archive and its folder unpacks nothing; to look inside does', async t => {
  const { tree, put, unpack, wanted } = packageFixture()
  put(hello, 'an archive')
  const above = walk(tree, 'apt/debian/pool/main/h/hello')
  const entries = list(tree, above)
  t.same(namesOf(entries), ['hello_2.10-3_amd64', 'hello_2.10-3_amd64.deb'])
  t.ok(entries.every(({ attributes }) => attributes !== undefined))
  const folder = walk(tree, hello.replace('.deb', ''))
  t.equal(tree.attributes(folder).mode, fileType.directory | 0o555)
  t.same(wanted, [])
  const want = { kind: 'unpacked', id: hello }
  t.throws(() => list(tree, folder), { code: 'missing', want })
  t.throws(() => tree.lookup(folder, name('usr')), { code: 'missing', want })
  unpack(hello, { usr: { bin: { hello: 'ELF' } }, DEBIAN: { control: 'Package: hello' } })
  t.same(namesOf(list(tree, folder)), ['DEBIAN', 'usr'])
  const program = walk(tree, `${hello.replace('.deb', '')}/usr/bin/hello`)
  t.equal(readAll(tree, program).toString(), 'ELF')
  const usr = tree.lookup(folder, name('usr')).ino
  t.equal(tree.parent(usr), folder)
})

t.test('a new package appears at once, in every instance; a dropped one goes', async t => {
  const { tree, open, put, drop } = packageFixture()
  put(hello, 'one')
  const other = open()
  const above = walk(tree, 'apt/debian/pool/main/h/hello')
  t.equal(list(other, above).length, 2)
  put(hello.replace('2.10', '2.11'), 'two')
  t.equal(list(tree, above).length, 4)
  t.equal(list(other, above).length, 4)
  drop(hello)
  t.equal(list(other, above).length, 2)
  t.throws(() => walk(other, hello), { code: 'not-found' })
})

t.test('a document that changed is another inode; the old one reads as it was', async t => {
  const { tree, put } = packageFixture()
  put(release, 'old')
  const old = walk(tree, release)
  put(release, 'newer')
  t.equal(readAll(tree, walk(tree, release)).toString(), 'newer')
  t.equal(readAll(tree, old).toString(), 'old')
})

t.test('an entry of its own goes before a folder, a directory before an item', async t => {
  const { tree, put, wanted } = packageFixture()
  put('apt/x/thing.deb', 'archive')
  put('apt/x/thing', 'a file of that name')
  put('npm/name', 'a packument')
  put('npm/name/-/name-1.0.tgz', 'a tarball')
  t.same(namesOf(list(tree, walk(tree, 'apt/x'))), ['thing', 'thing.deb'])
  t.equal(readAll(tree, walk(tree, 'apt/x/thing')).toString(), 'a file of that name')
  t.same(namesOf(list(tree, walk(tree, 'npm'))), ['name'])
  t.same(namesOf(list(tree, walk(tree, 'npm/name/-'))), ['name-1.0.tgz'])
  t.same(wanted, [])
})

t.test('keys that no file can be named by are passed over', async t => {
  const { tree, put } = packageFixture()
  put(`apt/x/${'long'.repeat(80)}`, 'x')
  put('apt/x/..', 'x')
  put('apt/x/.deb', 'x')
  put('apt/x/good', 'x')
  put('apt/x/größe', 'x')
  t.same(namesOf(list(tree, walk(tree, 'apt/x'))), ['.deb', 'good', 'größe'])
  t.equal(tree.attributes(walk(tree, 'apt/x/größe')).size, 1)
})

t.test('entries that were there all along are seen once while others come and go', async t => {
  const { tree, put, drop } = packageFixture()
  for (let i = 0; i < 200; i++) put(`apt/x/stays ${i}`, 'x')
  const ino = walk(tree, 'apt/x')
  const seen: string[] = []
  let cookie = 0
  for (let page = 0; ; page++) {
    const before = seen.length
    tree.readDirectory(ino, { cookie, withAttributes: false }, entry => {
      if (seen.length >= before + 9) return false
      seen.push(entry.name)
      cookie = entry.cookie
      return true
    })
    if (seen.length === before) break
    for (let i = 0; i < 5; i++) put(`apt/x/comes ${page} ${i}`, 'x')
    drop(`apt/x/comes ${page - 1} 2`)
  }
  const stays = seen.filter(name => name.startsWith('stays'))
  t.equal(stays.length, 200)
  t.equal(new Set(seen).size, seen.length)
})

t.test('catalog and folders are live, content is frozen and says its CID', async t => {
  const { tree, put, unpack, blocks } = packageFixture()
  put(hello, 'an archive')
  unpack(hello, { file: 'x' })
  const { frozen } = tree as { frozen?: (ino: number) => boolean }
  const isFrozen = (path: string) => frozen?.call(tree, walk(tree, path))
  t.equal(isFrozen('apt/debian'), false)
  t.equal(isFrozen(hello.replace('.deb', '')), false)
  t.equal(isFrozen(hello), true)
  t.equal(isFrozen(`${hello.replace('.deb', '')}/file`), true)
  t.same(tree.xattrNames(walk(tree, 'apt')), [])
  t.throws(() => tree.xattr(walk(tree, 'apt'), 'user.cairn.cid'), { code: 'no-attribute' })
  const cid = cidOf(write(blocks, 'an archive'))
  t.equal(Buffer.from(tree.xattr(walk(tree, hello), 'user.cairn.cid')).toString(), cid)
})

t.test('all look-ups forgotten, nothing stays held', async t => {
  const { tree, put, unpack, inodes } = packageFixture()
  put(hello, 'an archive')
  unpack(hello, { usr: { file: 'x' } })
  const held: number[] = []
  let ino = 1
  for (const part of `${hello.replace('.deb', '')}/usr/file`.split('/')) {
    ino = tree.lookup(ino, name(part)).ino
    held.push(ino)
  }
  for (const entry of list(tree, held[0]!)) held.push(entry.ino)
  for (const ino of held) tree.forget(ino, 1)
  t.equal(takeCensus(inodes.memory).lookups, 0)
})
