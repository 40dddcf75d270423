import t from 'tap'
import { negotiate } from '../../src/fuse/negotiate.ts'
import { opcode } from '../../src/fuse/protocol.ts'
import { Reply } from '../../src/fuse/reply.ts'
import { Request } from '../../src/fuse/request.ts'

import { message, words } from './forged-requests.ts'

t.test('INIT', async t => {
  const init = (major: number, minor: number, flags = 0xffff_ffff): Reply => {
    const request = new Request()
    const reply = new Reply()
    request.load(message(opcode.init, 0, words(major, minor, 131072, flags, 0, 0, 0, 0)))
    negotiate(request, reply)
    return reply
  }
  t.test('asks only for what the kernel offers, and for requests of 1 MiB', async t => {
    t.equal(init(7, 45, 0).words[7], 0)
    const { words } = init(7, 45)
    t.equal(words[9], 1024 * 1024)
    t.equal(words[11]! & 0xffff, 256)
    t.equal(words[7]! & (1 << 16), 0, 'no writeback cache')
  })
  t.test('refuses kernels that are too old, or speak another protocol', async t => {
    t.throws(() => init(7, 27), { code: 'unsupported', message: 'Linux 5.4' })
    t.throws(() => init(8, 0), { code: 'unsupported' })
  })
})
