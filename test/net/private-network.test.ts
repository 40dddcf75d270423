import { multiaddrConnectionPair } from '@libp2p/utils'
import t from 'tap'
import { privateNetwork } from '../../src/net/libp2p/private-network.ts'
import { XSalsa20Stream } from '../../src/net/libp2p/xsalsa20-stream.ts'
import { parseSwarmKey } from '../../src/net/swarm-key.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { fails } from '../lib/fails.ts'

const hex = '1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389'
const key = Buffer.from(hex, 'hex')
const nonce = Buffer.from('69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37', 'hex')

t.test('what is no swarm key is refused', async t => {
  for (const [what, text] of [
    ['nothing', ''],
    ['a key alone', hex],
    ['another version', `/key/swarm/psk/2.0.0/\n/base16/\n${hex}\n`],
    ['another coding', `/key/swarm/psk/1.0.0/\n/base58/\n${hex}\n`],
    ['cut off', `/key/swarm/psk/1.0.0/\n/base16/\n${hex.slice(2)}\n`],
    ['no key', '/key/swarm/psk/1.0.0/\n/base16/\n'],
    ['too long', `/key/swarm/psk/1.0.0/\n/base16/\n${hex}00\n`],
    ['two keys', `/key/swarm/psk/1.0.0/\n/base16/\n${hex}\n${hex}\n`],
    ['not hex', `/key/swarm/psk/1.0.0/\n/base16/\n${'x'.repeat(64)}\n`],
    ['base64 of other bytes', `/key/swarm/psk/1.0.0/\n/base64/\n${'AAAA'.repeat(12)}\n`],
    ['much', 'x'.repeat(1_000_000)]
  ] as const) {
    fails(t, 'invalid', () => parseSwarmKey(text), what)
  }
})

t.test('a swarm key is read in both codings, with either line end', async t => {
  const base64 = key.toString('base64')
  for (const text of [
    `/key/swarm/psk/1.0.0/\n/base16/\n${hex}`,
    `/key/swarm/psk/1.0.0/\n/base16/\n${hex.toUpperCase()}\n`,
    `/key/swarm/psk/1.0.0/\r\n/base16/\r\n${hex}\r\n`,
    `/key/swarm/psk/1.0.0/\n/base64/\n${base64}\n`
  ]) {
    t.strictSame(Buffer.from(parseSwarmKey(text)), key, JSON.stringify(text))
  }
})

t.test('the cipher is XSalsa20, in pieces of any length', async t => {
  // The known answer of NaCl's tests for this key and nonce.
  const known = 'eea6a7251c1e72916d11c2cb214d3c252539121d8e234e652d651fa4c8cff880'
  const stream = Buffer.from(new XSalsa20Stream(key, nonce).update(new Uint8Array(32)))
  t.equal(stream.toString('hex'), known)
  const bytes = seededBytes(300_000, 'cipher')
  const whole = new XSalsa20Stream(key, nonce).update(bytes)
  const [there, back] = [new XSalsa20Stream(key, nonce), new XSalsa20Stream(key, nonce)]
  const pieces: Uint8Array[] = []
  const again: Uint8Array[] = []
  let at = 0
  for (let length = 0; at < bytes.byteLength; length = (length * 7 + 3) % 9973) {
    const piece = there.update(bytes.subarray(at, at + length))
    pieces.push(piece)
    again.push(back.update(piece))
    at += length
  }
  t.equal(Buffer.compare(Buffer.concat(pieces), whole), 0)
  t.equal(Buffer.compare(Buffer.concat(again), bytes), 0)
})

t.test('a cipher that is used up ends its connection, not the process', async t => {
  const [one, other] = multiaddrConnectionPair()
  const network = privateNetwork(key)()
  const [sender, receiver] = await Promise.all([network.protect(one), network.protect(other)])
  const update = XSalsa20Stream.prototype.update
  t.teardown(() => {
    XSalsa20Stream.prototype.update = update
  })
  let pieces = 0
  XSalsa20Stream.prototype.update = function (piece) {
    if (pieces++ > 0) throw new Error('counter overflow')
    return update.call(this, piece)
  }
  const ended = Promise.withResolvers<Error | undefined>()
  receiver.addEventListener('close', ({ error }) => ended.resolve(error))
  sender.send(Buffer.from('one piece too many'))
  t.match(await ended.promise, { message: 'counter overflow' })
})
