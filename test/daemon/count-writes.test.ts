import t from 'tap'
import { countWrites } from '../../src/daemon/count-writes.ts'
import { opcode } from '../../src/fuse/protocol.ts'

t.test('who only reads, lists and closes has written nothing', async t => {
  const requests = {
    lookup: 5,
    getattr: 4,
    opendir: 1,
    readdirplus: 2,
    releasedir: 1,
    open: 3,
    read: 9,
    release: 3,
    readlink: 1,
    getxattr: 1,
    lseek: 1,
    batch_forget: 2,
    interrupt: 1
  }
  t.equal(countWrites({ requests, writtenInPlace: 0 }), 0)
  t.equal(countWrites({ requests, writtenInPlace: 2 }), 2, 'what made no request counts too')
})

t.test('every request that changes something counts', async t => {
  const changing = [
    ...['setattr', 'symlink', 'mknod', 'mkdir', 'unlink', 'rmdir', 'rename', 'rename2', 'link'],
    ...['write', 'create', 'tmpfile', 'fallocate', 'copy_file_range', 'copy_file_range_64'],
    ...['setxattr', 'removexattr']
  ]
  const all = Object.fromEntries(Object.keys(opcode).map(name => [name, 1]))
  t.equal(countWrites({ requests: all, writtenInPlace: 0 }), changing.length)
  for (const name of changing)
    t.equal(countWrites({ requests: { [name]: 2 }, writtenInPlace: 0 }), 2, name)
})
