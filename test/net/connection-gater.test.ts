import { generateKeyPair } from '@libp2p/crypto/keys'
import type { MultiaddrConnection, PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import t from 'tap'
import { bounds } from '../../src/net/bounds.ts'
import { gaterOf } from '../../src/net/libp2p/connection-gater.ts'

const makeId = async () => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
const at = (address: string) => ({ remoteAddr: multiaddr(address) }) as MultiaddrConnection

/** A node with connections, by address and peer. */
function gater(
  open: ReadonlyArray<[address: string, peer: PeerId, direction?: 'outbound']> = [],
  network: 'lan' | 'public' = 'lan'
) {
  const connections = open.map(([address, remotePeer, direction = 'inbound' as const]) => ({
    remoteAddr: multiaddr(address),
    remotePeer,
    direction
  }))
  return gaterOf({ network, isBanned: () => false }, () => connections)
}

t.test('within a LAN nobody else is dialled or let in', async t => {
  const addresses: Record<string, boolean> = {
    '/ip4/192.168.1.7/tcp/1': true,
    '/ip6/fe80::7/tcp/1': true,
    '/ip4/127.0.0.1/tcp/1': true,
    '/ip4/203.0.113.7/tcp/1': false,
    '/ip6/2001:db8::7/tcp/1': false,
    '/dns4/peer.example/tcp/1': false,
    '/ip4/192.168.1.7/udp/1/quic-v1': false
  }
  for (const [address, isLan] of Object.entries(addresses)) {
    t.equal(await gater().denyDialMultiaddr?.(multiaddr(address)), !isLan, `to ${address}`)
    t.equal(await gater().denyInboundConnection?.(at(address)), !isLan, `from ${address}`)
  }
  const anywhere = gater([], 'public')
  t.equal(await anywhere.denyInboundConnection?.(at('/ip4/203.0.113.7/tcp/1')), false)
})

t.test('a peer has its part of the connections, by however many addresses', async t => {
  const [greedy, other] = [await makeId(), await makeId()]
  const open = Array.from({ length: bounds.nodeConnectionsOfPeer }, (_, index) => {
    return [`/ip4/10.0.0.${index}/tcp/1`, greedy] as [string, PeerId]
  })
  const from = at('/ip4/10.0.1.1/tcp/1')
  const crowded = gater(open)
  t.equal(await crowded.denyInboundEncryptedConnection?.(greedy, from), true)
  t.equal(await crowded.denyInboundEncryptedConnection?.(other, from), false)
  t.equal(await gater(open.slice(1)).denyInboundEncryptedConnection?.(greedy, from), false)
  const dialled = open.map(
    ([address]) => [address, greedy, 'outbound'] as [string, PeerId, 'outbound']
  )
  t.equal(
    await gater(dialled).denyInboundEncryptedConnection?.(greedy, from),
    false,
    'those we made are not its'
  )
})

t.test('so has an address, by however many peers', async t => {
  const ids = await Promise.all(Array.from({ length: bounds.nodeConnectionsOfAddress }, makeId))
  const open = ids.map((id, index) => [`/ip4/10.0.0.1/tcp/${1000 + index}`, id] as [string, PeerId])
  const crowded = gater(open)
  t.equal(await crowded.denyInboundConnection?.(at('/ip4/10.0.0.1/tcp/9')), true)
  t.equal(await crowded.denyInboundConnection?.(at('/ip4/10.0.0.2/tcp/9')), false)
  t.equal(await gater(open.slice(1)).denyInboundConnection?.(at('/ip4/10.0.0.1/tcp/9')), false)
})
