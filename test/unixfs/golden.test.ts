import t from 'tap'
import { type BlockWriter, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import type { Node, ProfileName } from '../../src/unixfs/api.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { seededBytes, seededNames, seededStream } from '../lib/deterministic.ts'

/** The fixtures of https://specs.ipfs.tech/ipips/ipip-0499/ and those of kubo's test of its profiles. */

const hashing: BlockWriter = { add: bytes => sha256Multihash(bytes), flush: () => undefined }

function cidOf(node: Node): string {
  return makeCid(node.codec, node.multihash, node.cidVersion).toString()
}

function fileCid(profile: ProfileName, bytes: Uint8Array): string {
  const builder = openUnixfsWriter(hashing, profiles[profile]).file()
  builder.write(bytes)
  return cidOf(builder.finish())
}

const KiB = 1024
const files: ReadonlyArray<readonly [ProfileName, string, Uint8Array, string]> = [
  [
    'unixfs-v1-2025',
    'hello world',
    Buffer.from('hello world'),
    'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'
  ],
  [
    'unixfs-v1-2025',
    'an empty file',
    new Uint8Array(0),
    'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
  ],
  [
    'unixfs-v1-2025',
    'one chunk',
    seededBytes(1024 * KiB, 'chunk-v1-seed'),
    'bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta'
  ],
  [
    'unixfs-v1-2025',
    'one chunk and a byte',
    seededBytes(1024 * KiB + 1, 'chunk-v1-seed'),
    'bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64'
  ],
  [
    'unixfs-v0-2015',
    'hello world',
    Buffer.from('hello world'),
    'Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD'
  ],
  [
    'unixfs-v0-2015',
    'an empty file',
    new Uint8Array(0),
    'QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH'
  ],
  [
    'unixfs-v0-2015',
    'one chunk',
    seededBytes(256 * KiB, 'chunk-v0-seed'),
    'QmWmRj3dFDZdb6ABvbmKhEL6TmPbAfBZ1t5BxsEyJrcZhE'
  ],
  [
    'unixfs-v0-2015',
    'one chunk and a byte',
    seededBytes(256 * KiB + 1, 'chunk-v0-seed'),
    'QmYyLxtzZyW22zpoVAtKANLRHpDjZtNeDjQdJrcQNWoRkJ'
  ],
  [
    'unixfs-v0-2015',
    'one full node',
    seededBytes(174 * 256 * KiB, 'v0-seed'),
    'QmUbBALi174SnogsUzLpYbD4xPiBSFANF4iztWCsHbMKh2'
  ],
  [
    'unixfs-v0-2015',
    'one full node and a byte',
    seededBytes(174 * 256 * KiB + 1, 'v0-seed'),
    'QmV81WL765sC8DXsRhE5fJv2rwhS4icHRaf3J9Zk5FdRnW'
  ]
]

for (const [profile, what, bytes, cid] of files) {
  t.test(`${profile}: ${what}`, async t => t.equal(fileCid(profile, bytes), cid))
}

t.test('unixfs-v1-2025: one full node, and a byte more', async t => {
  const builders = [1, 2].map(() => openUnixfsWriter(hashing, profiles['unixfs-v1-2025']).file())
  const next = seededStream('v1-2025-seed')
  for (let piece = 0; piece < 1024; piece++) {
    const bytes = next(1024 * KiB)
    for (const builder of builders) builder.write(bytes)
  }
  builders[1]!.write(next(1))
  t.equal(
    cidOf(builders[0]!.finish()),
    'bafybeihmf37wcuvtx4hpu7he5zl5qaf2ineo2lqlfrapokkm5zzw7zyhvm'
  )
  t.equal(
    cidOf(builders[1]!.finish()),
    'bafybeibdsi225ugbkmpbdohnxioyab6jsqrmkts3twhpvfnzp77xtzpyhe'
  )
})

const directories: ReadonlyArray<
  readonly [ProfileName, string, count: number, bytes: number, last: number, cid: string]
> = [
  [
    'unixfs-v1-2025',
    'at the threshold: flat',
    4766,
    11,
    21,
    'bafybeic3h7rwruealwxkacabdy45jivq2crwz6bufb5ljwupn36gicplx4'
  ],
  [
    'unixfs-v1-2025',
    'a byte over it: sharded',
    4766,
    11,
    22,
    'bafybeiegvuterwurhdtkikfhbxcldohmxp566vpjdofhzmnhv6o4freidu'
  ],
  [
    'unixfs-v0-2015',
    'at the threshold: flat',
    4096,
    30,
    30,
    'QmX5GtRk3TSSEHtdrykgqm4eqMEn3n2XhfkFAis5fjyZmN'
  ],
  [
    'unixfs-v0-2015',
    'a byte over it: sharded',
    4033,
    31,
    31,
    'QmeMiJzmhpJAUgynAcxTQYek5PPKgdv3qEvFsdV3XpVnvP'
  ],
  [
    'unixfs-v1-2025',
    'empty',
    0,
    0,
    0,
    'bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354'
  ],
  ['unixfs-v0-2015', 'empty', 0, 0, 0, 'QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn']
]

for (const [profile, what, count, bytes, last, cid] of directories) {
  t.test(`${profile}: a directory ${what}`, async t => {
    const writer = openUnixfsWriter(hashing, profiles[profile])
    const file = writer.file()
    file.write(Buffer.from('x'))
    const node = file.finish()
    const names = seededNames(count, bytes, last, `hamt-${profile}`)
    t.equal(cidOf(writer.directory(names.map(name => ({ ...node, name })))), cid)
  })
}
