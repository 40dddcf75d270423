import t from 'tap'
import { nameBytes, toName } from '../../src/base/names.ts'
import { opcode, sizeOf } from '../../src/fuse/protocol.ts'
import { missing } from '../lib/memory-node.ts'
import { MemoryTree } from '../lib/memory-tree.ts'

import { type Answer, ask, message, sessionOf, words } from './forged-requests.ts'

t.test('listings', async t => {
  /** Names and positions of struct fuse_dirent, or fuse_direntplus with `prefix` 128. */
  function entries(payload: Buffer, prefix: number): Array<{ name: string; next: number }> {
    const found = []
    for (let at = 0; at < payload.length; ) {
      const dirent = at + prefix
      const length = payload.readUInt32LE(dirent + 16)
      const name = payload.toString('latin1', dirent + 24, dirent + 24 + length)
      found.push({ name, next: Number(payload.readBigUInt64LE(dirent + 8)) })
      const end = dirent + ((24 + length + 7) & ~7)
      t.ok(
        payload.subarray(dirent + 24 + length, end).every(byte => byte === 0),
        'padding is zero'
      )
      at = end
    }
    return found
  }
  const tree = new MemoryTree()
  const names = ['one', 'two', 'twelve-bytes', 'longer-than-that', 'ümläut']
  for (const name of names) tree.put(1, toName(name), '')
  const expected = [
    '.',
    '..',
    ...names.map(name => Buffer.from(nameBytes(toName(name))).toString('latin1'))
  ]

  for (const [kind, prefix] of [
    ['readdir', 0],
    ['readdirplus', sizeOf.entryOut]
  ] as const) {
    t.test(`${kind} gives every entry once, whatever the size of the pages`, async t => {
      for (const room of [prefix + 48, prefix + 60, 400, 4096]) {
        const session = sessionOf(tree)
        const seen: string[] = []
        for (let position = 0; ; ) {
          const read = message(opcode[kind], 1, words(0, 0, position, 0, room, 0))
          const page = entries(ask(session, read).payload, prefix)
          if (page.length === 0) break
          seen.push(...page.map(({ name }) => name))
          position = page.at(-1)!.next
        }
        t.strictSame(seen, expected, `${room} bytes`)
      }
    })
  }

  t.test('an error after some entries gives those; the next page meets the error', async t => {
    const broken = new MemoryTree()
    broken.put(1, toName('a'), '')
    broken.readDirectory = (ino, options, visit) => {
      MemoryTree.prototype.readDirectory.call(broken, ino, options, visit)
      missing('next-block')
    }
    const session = sessionOf(broken)
    const page = (position: number): Answer =>
      ask(session, message(opcode.readdir, 1, words(0, 0, position, 0, 4096, 0)))
    const first = entries(page(0).payload, 0)
    t.strictSame(
      first.map(({ name }) => name),
      ['.', '..', 'a']
    )
    t.match(
      t.throws(() => page(first.at(-1)!.next)),
      { want: { id: 'next-block' } }
    )
  })
})
