// A stock helia node that speaks bitswap over TCP, noise and yamux on loopback, copied to where helia is installed.
// `serve FILE` adds a file and prints where it is; `fetch ADDRESS CID` waits for a line, fetches it all and prints its length.
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { withBitswap } from '@helia/bitswap'
import { withLibp2p } from '@helia/libp2p'
import { unixfs } from '@helia/unixfs'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createHeliaLight } from 'helia'
import { CID } from 'multiformats/cid'

const helia = withBitswap(
  withLibp2p(createHeliaLight(), {
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    peerDiscovery: [],
    services: { identify: identify() }
  })
)
await helia.start()
const files = unixfs(helia)
const [what, where, cid] = process.argv.slice(2)
if (what === 'serve') {
  const added = await files.addByteStream(createReadStream(where, { highWaterMark: 1048576 }))
  console.log(JSON.stringify({ address: String(helia.libp2p.getMultiaddrs()[0]), cid: String(added) }))
} else {
  await helia.libp2p.dial(multiaddr(where))
  console.log('ready')
  for await (const _ of createInterface({ input: process.stdin })) {
    let bytes = 0
    for await (const piece of files.cat(CID.parse(cid))) bytes += piece.length
    console.log(bytes)
    process.exit(0)
  }
}
