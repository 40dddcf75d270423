import { createHash } from 'node:crypto'
import t from 'tap'
import { type Multihash, multihashKey, sha256Multihash } from '../../src/base/blocks.ts'
import { MultihashSet } from '../../src/names/multihash-set.ts'
import { MultihashStack } from '../../src/names/multihash-stack.ts'

const named = (name: string) => sha256Multihash(Buffer.from(name))
const withDigest = (digest: Uint8Array): Multihash => Uint8Array.of(0x12, 0x20, ...digest)

/** Usual ones, and those that somebody may claim who wants the worst. */
const all: Multihash[] = [
  ...Array.from({ length: 5_000 }, (_, index) => named(`${index}`)),
  withDigest(new Uint8Array(32)),
  withDigest(new Uint8Array(32).fill(255)),
  // Nearly all bytes the same, at either end.
  ...Array.from({ length: 3_000 }, (_, index) => {
    const digest = Buffer.alloc(32, 7)
    digest.writeUInt16LE(index, index % 2 === 0 ? 0 : 30)
    return withDigest(digest)
  }),
  Uint8Array.of(0x13, 0x40, ...createHash('sha512').update('long').digest()),
  Uint8Array.of(0x11, 0x14, ...createHash('sha1').update('short').digest()),
  Uint8Array.of(0, 0),
  Uint8Array.of(0, 3, 1, 2, 3),
  // As long as a SHA-256, and none.
  Uint8Array.of(0x16, 0x20, ...named('0').subarray(2))
]

t.test('a set of multihashes has what was added, and nothing else', async t => {
  const set = new MultihashSet()
  const known = new Set<string>()
  for (const [index, multihash] of all.entries()) {
    if (set.has(multihash) !== known.has(multihashKey(multihash))) t.fail(`${index} before`)
    set.add(multihash)
    set.add(multihash)
    known.add(multihashKey(multihash))
    if (!set.has(multihash)) t.fail(`${index} after`)
  }
  t.equal(set.size, known.size)
  t.ok(
    all.every(multihash => set.has(multihash)),
    'all are there at the end'
  )
  const others = Array.from({ length: 5_000 }, (_, index) => named(`other ${index}`))
  t.notOk(others.some(multihash => set.has(multihash)))
})

t.test('a stack gives the last first, each as it was', async t => {
  const stack = new MultihashStack()
  t.equal(stack.pop(), undefined)
  for (const multihash of all) stack.push(multihash)
  const last = stack.pop()!
  stack.push(last)
  const long = Uint8Array.of(0, 0x80, 0x80, 4, ...new Uint8Array(65_536).fill(9))
  stack.push(long)
  t.notOk(stack.isEmpty)
  t.equal(Buffer.compare(stack.pop()!, long), 0)
  const same = all.toReversed().every(multihash => Buffer.compare(stack.pop()!, multihash) === 0)
  t.ok(same)
  t.ok(stack.isEmpty)
  t.equal(stack.pop(), undefined)
})
