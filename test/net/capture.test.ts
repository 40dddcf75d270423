import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { until } from '../cli/run-cairn.ts'
import { makeLan, requireLan } from '../lib/lan.ts'
import { requireClient } from '../lib/skip.ts'

/** Writes down where each frame that leaves is for: who is asked for by ARP, or the receiver of an IPv4 packet. */
const sniffer = (file: string) => `
import socket, struct
raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
raw.bind(('eth0', 0))
out = open(${JSON.stringify(file)}, 'w', buffering=1)
print('ready', flush=True)
while True:
    frame, (_, _, kind, _, _) = raw.recvfrom(65536)
    if kind != socket.PACKET_OUTGOING: continue
    at = {0x0806: 38, 0x0800: 30}.get(struct.unpack('!H', frame[12:14])[0])
    print(socket.inet_ntoa(frame[at:at + 4]) if at else frame[12:14].hex(), file=out)
`

const id = '12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA'
const name = 'k51qzi5uqu5dl8kevgwhyor5bgzvz2uu397k5s6tcywfx6lqkkgfgyeiqppv12'
const absent = 'bafkreidfdrlkeq4m4xnxuyx6iae76fdm4wgl5d4xzsb77ixhyqwumhz244'
/** Everything that could lead away, at addresses that are nobody's: https://www.rfc-editor.org/rfc/rfc5737 */
const config = `
names: { gateways: ['http://203.0.113.8/'], resolvers: [] }
peers: { bootstrap: ['/ip4/203.0.113.9/tcp/4001/p2p/${id}'] }
`

/** Where a host of this network sent frames while it was asked for what others may have. */
async function capture(
  t: Test,
  network: 'off' | 'lan' | 'public',
  enough: (to: Set<string>) => boolean
) {
  const lan = await makeLan(t)
  const file = join(lan.folder, 'sent')
  const host = await lan.addHost(1, { network, config })
  const { start } = host
  await start('python3', ['-c', sniffer(file)])
  await host.cairn('peer', 'add', '203.0.113.7', `/ip4/203.0.113.7/tcp/4001/p2p/${id}`)
  const asked = Promise.all(
    [`/ipfs/${absent}`, `/ipns/${name}`].map(path => host.get(path).catch(() => {}))
  )
  const seen = async () =>
    new Set((await readFile(file, 'utf8')).split('\n').filter(each => each !== ''))
  if (network !== 'public') {
    // Where somebody is asked who is not there, the end is long in coming.
    await host.cairn('follow', name)
    await host.cairn('follow', 'blog.example')
    await asked
  }
  await until(async () => enough(await seen()))
  return [...(await seen())].toSorted()
}

const isOutside = (address: string) => !/^(10\.77\.0\.\d+|224\.0\.0\.\d+)$/.test(address)

t.test('a packet capture sees nothing leave with the network off', async t => {
  if (!requireLan(t) || !requireClient(t, 'python3')) return
  t.strictSame(await capture(t, 'off', () => true), [])
})

t.test('with lan it sees mDNS, and nothing that leaves the LAN', async t => {
  if (!requireLan(t) || !requireClient(t, 'python3')) return
  const sent = await capture(t, 'lan', to => to.has('224.0.0.251'))
  t.strictSame(sent.filter(isOutside), [])
})

t.test('with public it sees each of them asked for: the capture sees what there is', async t => {
  if (!requireLan(t) || !requireClient(t, 'python3')) return
  const wanted = ['203.0.113.7', '203.0.113.8', '203.0.113.9']
  const sent = await capture(t, 'public', to => wanted.every(each => to.has(each)))
  t.ok(sent.some(isOutside))
})
