import t from 'tap'
import { CairnError, errorCodes } from '../../src/base/errors.ts'
import { toName } from '../../src/base/names.ts'
import { errno, errnoOf } from '../../src/fuse/errno.ts'
import { opcode, opcodeCount, sizeOf } from '../../src/fuse/protocol.ts'
import type { Session } from '../../src/fuse/session.ts'
import type { Tree } from '../../src/vfs/api.ts'
import { missing } from '../lib/memory-node.ts'
import { MemoryTree } from '../lib/memory-tree.ts'
import { type Answer, ask, body, message, sessionOf, text, words } from './forged-requests.ts'

/** A well-formed body of every request that has one, about inode 1 or the name `a`. */
const bodies: Array<[keyof typeof opcode, Buffer]> = [
  ['lookup', text('a')],
  ['forget', words(1, 0)],
  ['batch_forget', words(1, 0, 2, 0, 1, 0)],
  ['setattr', Buffer.alloc(88)],
  ['symlink', text('link', 'target')],
  ['mknod', body(words(0o100644, 0, 0, 0), text('n'))],
  ['mkdir', body(words(0o755, 0), text('d'))],
  ['unlink', text('a')],
  ['rmdir', text('a')],
  ['link', body(words(2, 0), text('b'))],
  ['rename', body(words(1, 0), text('a', 'b'))],
  ['rename2', body(words(1, 0, 0, 0), text('a', 'b'))],
  ['open', words(2, 0)],
  ['create', body(words(1, 0o100644, 0, 0), text('c'))],
  ['read', words(0, 0, 0, 0, 100, 0)],
  ['write', body(Buffer.alloc(40), Buffer.alloc(0))],
  ['release', Buffer.alloc(24)],
  ['fsync', Buffer.alloc(16)],
  ['opendir', words(0, 0)],
  ['releasedir', Buffer.alloc(24)],
  ['readdir', words(0, 0, 0, 0, 4096, 0)],
  ['readdirplus', words(0, 0, 0, 0, 4096, 0)],
  ['setxattr', body(words(1, 0), text('user.a'), Buffer.from('x'))],
  ['getxattr', body(words(0, 0), text('user.a'))],
  ['listxattr', words(0, 0)],
  ['removexattr', text('user.a')],
  ['fallocate', words(0, 0, 0, 0, 10, 0, 0, 0)],
  ['lseek', words(0, 0, 0, 0, 3, 0)],
  ['copy_file_range', words(0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0)],
  ['copy_file_range_64', words(0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0)],
  ['tmpfile', body(words(2, 0o100644, 0, 0), text('t'))]
]

t.test('a truncated request of any kind is answered, at every length', async t => {
  for (const [name, whole] of bodies) {
    if (name === 'batch_forget') continue // The kernel expects no answer; see the next but one.
    const tree = new MemoryTree()
    tree.put(1, toName('a'), 'content')
    const session = sessionOf(tree)
    for (let length = 0; length < whole.length; length++) {
      const { error, length: sent } = ask(
        session,
        message(opcode[name], 1, whole.subarray(0, length))
      )
      if (sent === 0) t.fail(`${name} of ${length} bytes is not answered`)
      else if (error === 0) t.fail(`${name} of ${length} bytes succeeds`)
    }
    t.pass(name)
  }
})

t.test('a request that says it is longer or shorter than it is, is EINVAL', async t => {
  for (const [name, whole] of bodies) {
    for (const change of [-1, 1, 1000]) {
      const bytes = message(opcode[name], 1, whole)
      bytes.writeUInt32LE(bytes.length + change, 0)
      t.equal(ask(sessionOf(), bytes).error, errno.EINVAL, `${name} ${change}`)
    }
  }
})

t.test('sizes and counts beyond the message do not read beyond it', async t => {
  const session = sessionOf()
  const lyingWrite = message(opcode.write, 1, words(0, 0, 0, 0, 5000, 0, 0, 0, 0, 0))
  t.equal(ask(session, lyingWrite).error, errno.EINVAL)
  const lyingXattr = message(opcode.setxattr, 1, body(words(5000, 0), text('user.a')))
  t.equal(ask(session, lyingXattr).error, errno.EINVAL)
  const lyingForget = message(opcode.batch_forget, 1, words(1_000_000, 0, 2, 0, 1, 0))
  t.equal(ask(session, lyingForget).length, 0)
  const hugeRead = message(opcode.readdir, 1, words(0, 0, 0, 0, 0xffff_ffff, 0))
  t.equal(ask(session, hugeRead).error, 0)
})

t.test('operations nobody answers are ENOSYS; ioctl is ENOTTY; destroy agrees', async t => {
  const known = new Set<number>(Object.values(opcode))
  const session = sessionOf()
  for (let code = 0; code < opcodeCount; code++) {
    if (!known.has(code)) t.equal(ask(session, message(code, 1)).error, errno.ENOSYS, `${code}`)
  }
  t.equal(ask(session, message(4096, 1)).error, errno.ENOSYS)
  for (const name of ['access', 'flush'] as const) {
    t.equal(ask(session, message(opcode[name], 1, Buffer.alloc(64))).error, errno.ENOSYS, name)
  }
  t.equal(ask(session, message(opcode.ioctl, 1, Buffer.alloc(32))).error, errno.ENOTTY)
  t.match(ask(session, message(opcode.destroy, 1)), { error: 0, length: sizeOf.outHeader })
})

t.test(
  'every error becomes its errno; defects and damage are reported, the rest is not',
  async t => {
    for (const code of errorCodes) {
      const tree = new MemoryTree()
      tree.attributes = () => {
        throw new CairnError(code, 'on purpose')
      }
      const { error, faults } = ask(sessionOf(tree), message(opcode.getattr, 1, Buffer.alloc(16)))
      t.equal(error, errnoOf[code], code)
      t.equal(faults.length, code === 'io' || code === 'corrupt' ? 1 : 0, code)
    }
    const tree = new MemoryTree()
    tree.attributes = () => {
      throw new RangeError('a defect')
    }
    const { error, faults } = ask(sessionOf(tree), message(opcode.getattr, 1, Buffer.alloc(16)))
    t.equal(error, errno.EIO)
    t.match(faults, [{ opcode: opcode.getattr, ino: 1, error: { message: 'a defect' } }])
  }
)

t.test('what is missing is thrown with its want, to be answered later', async t => {
  const tree = new MemoryTree()
  tree.read = () => missing('some-block')
  const read = message(opcode.read, 2, words(0, 0, 0, 0, 100, 0))
  const thrown = t.throws(() => ask(sessionOf(tree), read))
  t.match(thrown, { want: { kind: 'block', id: 'some-block' } })
})

t.test('a tree that cannot be written answers every change with EROFS', async t => {
  const { root, nature, lookup, attributes, statistics } = new MemoryTree()
  const tree = { root, nature, lookup, attributes, statistics } as unknown as Tree
  const changing = ['setattr', 'symlink', 'mknod', 'mkdir', 'unlink', 'rmdir', 'link', 'rename']
  const more = ['rename2', 'open', 'create', 'write', 'setxattr', 'removexattr']
  for (const [name, whole] of bodies) {
    if (![...changing, ...more].includes(name)) continue
    t.equal(ask(sessionOf(tree), message(opcode[name], 1, whole)).error, errno.EROFS, name)
  }
})

t.test(
  'what cannot be written needs no fsync: the kernel is told not to ask, and tells its callers that all is well',
  async t => {
    const { root, nature, lookup, attributes, statistics } = new MemoryTree()
    const tree = { root, nature, lookup, attributes, statistics } as unknown as Tree
    for (const name of ['fsync', 'fsyncdir'] as const) {
      const answer = ask(sessionOf(tree), message(opcode[name], 1, Buffer.alloc(16)))
      t.equal(answer.error, errno.ENOSYS, name)
    }
  }
)

t.test('an inode number beyond 32 bits arrives and leaves whole', async t => {
  const ino = 2 ** 52 + 12345
  const tree = new MemoryTree()
  const plain = tree.attributes(1)
  tree.attributes = asked => ({ ...plain, ino: asked, size: 2 ** 45 + 7, mtimeSeconds: -5 })
  const { payload } = ask(sessionOf(tree), message(opcode.getattr, ino, Buffer.alloc(16)))
  t.equal(payload.length, sizeOf.attrOut)
  t.equal(payload.readBigUInt64LE(16), BigInt(ino))
  t.equal(payload.readBigUInt64LE(24), 2n ** 45n + 7n)
  t.equal(payload.readBigInt64LE(16 + 32), -5n)
})

t.test('extended attributes: no room asks for the length, too little is ERANGE', async t => {
  const tree = new MemoryTree()
  tree.setXattr(1, 'user.a', Buffer.from('value'), 'any')
  const session = sessionOf(tree)
  const get = (room: number): Answer =>
    ask(session, message(opcode.getxattr, 1, body(words(room, 0), text('user.a'))))
  t.equal(get(0).payload.readUInt32LE(0), 5)
  t.equal(get(4).error, errno.ERANGE)
  t.equal(get(5).payload.toString(), 'value')
  const list = (room: number): Answer => ask(session, message(opcode.listxattr, 1, words(room, 0)))
  t.equal(list(0).payload.readUInt32LE(0), 7)
  t.equal(list(6).error, errno.ERANGE)
  t.equal(list(100).payload.toString(), 'user.a\0')
})

t.test('lookups of what is not there', async t => {
  const lookup = (session: Session, ino: number): Answer =>
    ask(session, message(opcode.lookup, ino, text('absent')))
  t.test('in a live tree: ENOENT, not to be remembered', async t => {
    t.equal(lookup(sessionOf(), 1).error, errno.ENOENT)
  })
  t.test('in a frozen one: remembered for ever, but not in its root', async t => {
    const tree = new MemoryTree('frozen')
    const { ino } = tree.makeDirectory(1, toName('d'), 0o755, { uid: 0, gid: 0 })
    const session = sessionOf(tree)
    t.equal(lookup(session, 1).error, errno.ENOENT)
    const { payload } = lookup(session, ino)
    t.equal(payload.readBigUInt64LE(0), 0n, 'no node')
    t.equal(payload.readBigUInt64LE(16), 2n ** 31n - 1n, 'for 68 years')
  })
})

t.test(
  'a file that appeared between lookup and create is opened, or EEXIST if exclusive',
  async t => {
    const tree = new MemoryTree()
    tree.put(1, toName('a'), 'content')
    const session = sessionOf(tree)
    const create = (flags: number): Answer =>
      ask(session, message(opcode.create, 1, body(words(flags, 0o100644, 0, 0), text('a'))))
    t.equal(create(0o301).error, errno.EEXIST)
    t.equal(create(0o101).payload.length, sizeOf.entryOut + sizeOf.openOut)
    t.equal(tree.openForWrite, 1)
    t.equal(tree.attributes(2).size, 7)
    create(0o1101)
    t.equal(tree.attributes(2).size, 0, 'O_TRUNC')
    ask(session, message(opcode.release, 2, words(0, 0, 1, 0, 0, 0)))
    ask(session, message(opcode.release, 2, words(0, 0, 0, 0, 0, 0)))
    t.equal(tree.openForWrite, 1, 'only handles that were opened for writing count')
  }
)
