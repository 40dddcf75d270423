import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import t from 'tap'
import { makeCid, sha256Multihash } from '../../../src/base/blocks.ts'
import { CairnError } from '../../../src/base/errors.ts'
import { nameFromBytes } from '../../../src/base/names.ts'
import { fileType } from '../../../src/vfs/api.ts'
import { unknownIno } from '../../../src/vfs/frozen/content-nodes.ts'
import { takeCensus } from './inode-invariants.ts'
import {
  cidOf,
  ipfsFixture,
  list,
  name,
  namesOf,
  owner,
  readAll,
  walk,
  write
} from './tree-fixture.ts'

const damaged = Buffer.from('\x0a\x02\x08\x09damaged')

t.test('what is no CID is not found; what is one of another kind says so', async t => {
  const { tree, inodes } = ipfsFixture()
  const multihash = sha256Multihash(Buffer.from('x'))
  const cases: ReadonlyArray<readonly [string, string]> = [
    ['.git', 'not-found'],
    ['bafy', 'not-found'],
    ['QmShort', 'not-found'],
    ['Q', 'not-found'],
    [`${makeCid(0x55, multihash)}x`, 'not-found'],
    [makeCid(0x72, multihash).toString(), 'not-found'],
    [makeCid(0x71, multihash).toString(), 'unsupported'],
    [makeCid(0x0129, multihash).toString(), 'unsupported'],
    [makeCid(0x55, multihash).toString(), 'missing'],
    [makeCid(0x70, multihash).toString(), 'missing']
  ]
  for (const [text, code] of cases) {
    t.throws(() => tree.lookup(1, name(text)), { code }, text)
  }
  t.throws(() => tree.lookup(1, nameFromBytes(Buffer.alloc(256, 'b'))), { code: 'name-too-long' })
  t.throws(() => tree.lookup(1, nameFromBytes(Buffer.from('a/b'))), { code: 'invalid' })
  t.same(takeCensus(inodes.memory), { inodes: 1, lookups: 0, idle: 0, records: 1 })
})

t.test('a block that is not here is wanted by exactly its CID', async t => {
  const { tree, blocks } = ipfsFixture()
  const directory = write(blocks, { below: { deep: 'x' }, raw: 'y' })
  const below = list(tree, walk(tree, cidOf(directory)))
  t.equal(below.length, 2)
  const lost = write(blocks, { deep: 'x' })
  const fresh = ipfsFixture(blocks).tree
  blocks.drop(lost.multihash)
  t.throws(() => walk(fresh, `${cidOf(directory)}/below`), {
    code: 'missing',
    want: { kind: 'block', id: cidOf(lost) }
  })
})

t.test('a CID leads to its content in every base and version', async t => {
  const { tree, blocks } = ipfsFixture()
  const cid = CID.parse(cidOf(write(blocks, { $: { file: 'hello', metadata: { mode: 0o600 } } })))
  const { base16 } = await import('multiformats/bases/base16')
  const { base32upper } = await import('multiformats/bases/base32')
  const { base36 } = await import('multiformats/bases/base36')
  const { base58btc } = await import('multiformats/bases/base58')
  const { base64url } = await import('multiformats/bases/base64')
  const bases = [base16, base32upper, base36, base58btc, base64url]
  const inos = bases.map(base => tree.lookup(1, name(cid.toString(base.encoder))).ino)
  t.equal(new Set(inos).size, 1)
  const old = tree.lookup(1, name(cid.toV0().toString())).ino
  t.equal(readAll(tree, old).toString(), 'hello')
  t.equal(Buffer.from(tree.xattr(old, 'user.cairn.cid')).toString(), cid.toV0().toString())
  t.equal(Buffer.from(tree.xattr(inos[0]!, 'user.cairn.cid')).toString(), cid.toString())
})

t.test('the root is an empty directory that takes CIDs', async t => {
  const { tree } = ipfsFixture()
  t.same(list(tree, 1), [])
  t.equal(tree.attributes(1).mode, fileType.directory | 0o555)
  t.same(tree.xattrNames(1), [])
  t.throws(() => tree.xattr(1, 'user.cairn.cid'), { code: 'no-attribute' })
  t.equal((tree as { frozen?: (ino: number) => boolean }).frozen?.(1), false)
})

t.test('the modes that UnixFS leaves out of metadata are shown as they were', async t => {
  const { tree, blocks } = ipfsFixture()
  const dated = (mode: number) => ({ mode, mtimeSeconds: 5 })
  const root = write(blocks, {
    file: { $: { file: 'x', metadata: dated(0o644) } },
    folder: { $: { directory: {}, metadata: dated(0o755) } },
    tight: { $: { file: 'x', metadata: dated(0o444) } }
  })
  const modeOf = (path: string) => tree.attributes(walk(tree, `${cidOf(root)}/${path}`)).mode
  t.equal(modeOf('file'), fileType.regular | 0o644)
  t.equal(modeOf('folder'), fileType.directory | 0o755)
  t.equal(modeOf('tight'), fileType.regular | 0o444)
})

t.test('files, symlinks and directories show mode and time they carry, or a default', async t => {
  const { tree, blocks } = ipfsFixture()
  const metadata = { mode: 0o4751, mtimeSeconds: -5, mtimeNanoseconds: 7 }
  const root = write(blocks, {
    plain: 'abc',
    empty: '',
    link: { $: { symlink: '../elsewhere' } },
    program: { $: { file: 'run', metadata } },
    folder: { $: { directory: { inner: 'abc' }, metadata: { mode: 0o700 } } }
  })
  const at = (path: string) => tree.attributes(walk(tree, `${cidOf(root)}/${path}`))
  t.match(at('plain'), {
    mode: fileType.regular | 0o444,
    size: 3,
    links: 1,
    mtimeSeconds: 0,
    ...owner
  })
  t.match(at('empty'), { size: 0 })
  t.match(at('link'), { mode: fileType.symlink | 0o444, size: 12 })
  t.match(at('program'), {
    mode: fileType.regular | 0o4751,
    mtimeSeconds: -5,
    mtimeNanoseconds: 7,
    ctimeSeconds: -5,
    atimeNanoseconds: 7
  })
  t.match(at('folder'), { mode: fileType.directory | 0o700, size: 0 })
  t.equal(at('plain').ino, at('folder/inner').ino, 'one content, one inode')
  t.equal(tree.parent(at('folder').ino), walk(tree, cidOf(root)))
  t.equal(Buffer.from(tree.readLink(at('link').ino)).toString(), '../elsewhere')
  t.throws(() => tree.readLink(at('plain').ino), { code: 'invalid' })
  t.throws(() => tree.read(at('folder').ino, Buffer.alloc(1), 0), { code: 'is-directory' })
  t.throws(() => tree.read(at('link').ino, Buffer.alloc(1), 0), { code: 'invalid' })
  t.throws(() => at('plain/x'), { code: 'not-directory' })
  t.throws(() => list(tree, at('plain').ino), { code: 'not-directory' })
  t.throws(() => at('nothing'), { code: 'not-found' })
  t.same(tree.statistics().freeBlocks, 40)
})

t.test('the same directory at two places is two inodes; the root knows them by name', async t => {
  const { tree, blocks } = ipfsFixture()
  const root = write(blocks, { a: { same: 'x' }, b: { same: 'x' } })
  t.not(walk(tree, `${cidOf(root)}/a`), walk(tree, `${cidOf(root)}/b`))
  t.equal(walk(tree, `${cidOf(root)}/a/same`), walk(tree, `${cidOf(root)}/b/same`))
  t.equal(walk(tree, cidOf(root)), walk(tree, cidOf(root)))
})

t.test('a file of several blocks reads right at every position', async t => {
  const { tree, blocks } = ipfsFixture()
  const bytes = Buffer.alloc(3 * 1024 * 1024 + 17, 'abcdefghijk')
  const ino = walk(tree, cidOf(write(blocks, bytes)))
  const target = Buffer.alloc(5000)
  for (const position of [0, 1, 1024 * 1024 - 10, 2 * 1024 * 1024, bytes.length - 9]) {
    const read = tree.read(ino, target, position)
    t.same(target.subarray(0, read), bytes.subarray(position, position + 5000))
  }
  t.equal(tree.read(ino, target, bytes.length), 0)
  t.equal(tree.read(ino, target, bytes.length + 10), 0)
})

t.test(
  'a listing has every entry once, page by page, and counts a look-up of those taken',
  async t => {
    const { tree, blocks, inodes } = ipfsFixture()
    const files = Array.from({ length: 50 }, (_, i) => [`file ${i}`, `content ${i}`])
    const ino = walk(tree, cidOf(write(blocks, Object.fromEntries(files))))
    const entries = list(tree, ino, { page: 7 })
    t.same(namesOf(entries), files.map(([name]) => name).sort())
    t.ok(
      entries.every(
        ({ ino, mode, attributes }) => attributes?.ino === ino && attributes.mode === mode
      )
    )
    t.equal(takeCensus(inodes.memory).lookups, 51)
    const plain = list(tree, ino, { page: 7, withAttributes: false })
    t.same(
      plain.map(({ ino }) => ino),
      entries.map(({ ino }) => ino)
    )
    t.ok(plain.every(({ attributes, mode }) => attributes === undefined && mode === 0o100444))
    t.equal(takeCensus(inodes.memory).lookups, 51)
    for (const { ino } of entries) tree.forget(ino, 1)
    t.equal(takeCensus(inodes.memory).lookups, 1)
  }
)

t.test('a sharded directory lists and finds as a flat one', async t => {
  const { tree, blocks } = ipfsFixture()
  const names = Array.from({ length: 6000 }, (_, i) => `a name long enough to need shards ${i}`)
  const root = write(blocks, Object.fromEntries(names.map(name => [name, 'x'])))
  const ino = walk(tree, cidOf(root))
  t.same(namesOf(list(tree, ino, { page: 500 })), [...names].sort())
  t.equal(readAll(tree, tree.lookup(ino, name(names[4321]!)).ino).toString(), 'x')
  t.throws(() => tree.lookup(ino, name('not there')), { code: 'not-found' })
})

t.test('an entry that cannot be looked at is listed by its name, and fails by itself', async t => {
  const { tree, blocks } = ipfsFixture()
  const lostRaw = write(blocks, 'lost')
  const lostDirectory = write(blocks, { lost: 'too' })
  const forged = sha256Multihash(Buffer.from('forged'))
  const node = { cidVersion: 1, fileBytes: 0, dagBytes: 9 } as const
  const root = write(blocks, {
    good: 'good',
    lostRaw: { $: { node: lostRaw } },
    lostDirectory: { $: { node: lostDirectory } },
    damaged: { $: { node: { ...node, codec: 0x70, multihash: forged } } },
    cbor: { $: { node: { ...node, codec: 0x71, multihash: forged } } }
  })
  blocks.drop(lostRaw.multihash)
  blocks.drop(lostDirectory.multihash)
  blocks.forge(forged, damaged)
  const ino = walk(tree, cidOf(root))
  const entries = new Map(list(tree, ino).map(entry => [entry.name as string, entry]))
  t.match(entries.get('good'), { attributes: { size: 4 } })
  t.match(entries.get('lostRaw'), { attributes: { size: 4 } }, 'a leaf is as long as is claimed')
  for (const [bad, mode, code] of [
    ['lostDirectory', 0, 'missing'],
    ['damaged', 0, 'corrupt'],
    ['cbor', 0, 'unsupported']
  ] as const) {
    t.match(entries.get(bad), { attributes: undefined, ino: unknownIno, mode }, bad)
    t.throws(() => tree.lookup(ino, name(bad)), { code }, bad)
  }
  blocks.add(Buffer.from('lost'))
  t.equal(readAll(tree, tree.lookup(ino, name('lostRaw')).ino).toString(), 'lost')
})

t.test(
  'a leaf that is not here is listed by the size that its folder claims, and held to it',
  async t => {
    const { tree, blocks } = ipfsFixture()
    const leaf = write(blocks, 'leaf')
    const honest = write(blocks, { leaf: { $: { node: leaf } }, other: 'x' })
    const lying = write(blocks, { leaf: { $: { node: { ...leaf, dagBytes: 3 } } } })
    const silent = write(blocks, { leaf: { $: { node: { ...leaf, dagBytes: 0 } } } })
    blocks.drop(leaf.multihash)
    const want = { kind: 'block', id: cidOf(leaf) }
    const found = tree.lookup(walk(tree, cidOf(honest)), name('leaf'))
    t.equal(found.size, 4)
    t.throws(() => readAll(tree, found.ino), { code: 'missing', want }, 'reading it brings it here')
    const lied = tree.lookup(walk(tree, cidOf(lying)), name('leaf'))
    t.equal(lied.size, 3)
    t.throws(() => tree.lookup(walk(tree, cidOf(silent)), name('leaf')), { code: 'missing', want })
    blocks.add(Buffer.from('leaf'))
    t.equal(readAll(tree, found.ino).toString(), 'leaf')
    t.throws(() => readAll(tree, lied.ino), { code: 'corrupt', message: /has 4 bytes.* says 3/ })
  }
)

t.test('an error of the store itself is not taken for a bad entry', async t => {
  const { blocks } = ipfsFixture()
  const root = write(blocks, { a: 'x', b: 'y' })
  let isBroken = false
  const failing = {
    ...blocks,
    size: (multihash: Uint8Array) => {
      if (isBroken) throw new CairnError('io', 'the disk is gone')
      return blocks.size(multihash)
    }
  }
  const { tree } = ipfsFixture(failing)
  const ino = walk(tree, cidOf(root))
  isBroken = true
  t.throws(() => list(tree, ino), { code: 'io' })
  isBroken = false
  t.equal(list(tree, ino).length, 2)
})

t.test('content of any hash function shows, inline ones too', async t => {
  const { tree, blocks } = ipfsFixture()
  const inline = makeCid(0x55, Buffer.concat([Buffer.from([0, 5]), Buffer.from('inner')]))
  t.equal(readAll(tree, walk(tree, inline.toString())).toString(), 'inner')
  const sha512 = CID.create(1, 0x55, createDigest(0x13, new Uint8Array(64).fill(9)))
  blocks.forge(sha512.multihash.bytes, Buffer.from('long'))
  const ino = walk(tree, sha512.toString())
  t.equal(readAll(tree, ino).toString(), 'long')
  t.equal(Buffer.from(tree.xattr(ino, 'user.cairn.cid')).toString(), sha512.toString())
})

t.test('one instance reads what another looked up', async t => {
  const { tree, blocks, inodes } = ipfsFixture()
  const root = write(blocks, { folder: { file: 'seen' } })
  const ino = walk(tree, `${cidOf(root)}/folder/file`)
  const other = ipfsFixture(blocks, inodes).tree
  t.equal(readAll(other, ino).toString(), 'seen')
  other.forget(ino, 1)
  t.same(other.attributes(ino), tree.attributes(ino))
})

t.test('a second look at a directory asks the store for nothing', async t => {
  const { tree, blocks } = ipfsFixture()
  const files = Array.from({ length: 100 }, (_, i) => [`${i}`, `content ${i}`])
  const ino = walk(tree, cidOf(write(blocks, Object.fromEntries(files))))
  for (const entry of list(tree, ino)) tree.forget(entry.ino, 1)
  const before = { ...blocks.calls }
  t.equal(list(tree, ino).length, 100)
  t.same(blocks.calls, before)
})
