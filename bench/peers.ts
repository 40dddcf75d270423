import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { aptRow } from './lib/apt-from-peer.ts'
import { type Bench, compared, type Room, type Row } from './lib/bench.ts'
import { addPath } from './lib/cairn.ts'
import { type Cost, costOf } from './lib/cost.ts'
import { startFileServer } from './lib/file-server.ts'
import { makeFile } from './lib/files.ts'
import { followRows } from './lib/follow-rows.ts'
import { interleave } from './lib/interleave.ts'
import { type PeerCairn, startPeerCairn } from './lib/peer-cairns.ts'
import { serveByHelia } from './lib/stock-helia.ts'

/** What it takes to have things from next door. */
export const bench: Bench = {
  title: 'content and packages from a peer, against helia and bitswap, plain HTTP and the upstream',
  run: async room => [
    ...(await bulkRows(room)),
    ...(await followRows(room)),
    ...(await aptRow(room))
  ]
}

async function bulkRows(room: Room): Promise<Row[]> {
  const mebibytes = room.small ? 16 : 256
  const bytes = mebibytes * 1024 * 1024
  const file = join(room.disk('file'), 'large')
  makeFile(file, mebibytes)
  const helia = await serveByHelia(room, file, bytes)
  const rows: Row[] = []
  for (const over of ['http', 'libp2p'] as const) {
    const a = await startPeerCairn(room, { over })
    const cid = addPath(a, file)
    a.run('publish', cid)
    const pull = () => pullAll(room, a, { over, cid, bytes })
    await pull()
    const name = over === 'http' ? 'HTTP' : 'libp2p'
    const { cairn, peer } = await interleave(room.rounds, pull, helia?.fetch)
    const shared = { cairn, peer, peerName: 'helia, bitswap' }
    const what = `${mebibytes} MiB from a peer over ${name}`
    rows.push(
      compared({ ...shared, what: `${what}: time`, bar: { of: 'wall', atMost: 0.4 } }),
      compared({ ...shared, what: `${what}: server`, bar: { of: 'cpu', atMost: 1 / 3 } })
    )
    if (over === 'http') rows.push(await againstPlainHttp(room, { what, file, bytes }, cairn))
    await a.stop()
  }
  return rows
}

interface Pulled {
  readonly over: 'http' | 'libp2p'
  readonly cid: string
  readonly bytes: number
}

/** By a daemon that has nothing yet: its time, and the CPU of who serves it. */
async function pullAll(room: Room, a: PeerCairn, { over, cid, bytes }: Pulled): Promise<Cost> {
  const b = await startPeerCairn(room, { over })
  b.addPeer(a.address)
  const cost = await costOf([a.pid], async () => {
    const pinned = await b.pin(`/ipfs/${cid}`)
    if (pinned.bytes < bytes) throw new Error(`${pinned.bytes} bytes came`)
  })
  await b.stop()
  // Memory that nobody used before costs a virtual machine more than the bytes that are compared.
  rmSync(b.home, { recursive: true, force: true })
  return cost
}

async function againstPlainHttp(
  room: Room,
  { what, file, bytes }: { what: string; file: string; bytes: number },
  cairn: Cost
): Promise<Row> {
  const server = await startFileServer(room, file)
  const plain = () =>
    costOf([server.pid], async () => {
      const got = await download(server.port)
      if (got !== bytes) throw new Error(`${got} bytes came`)
    })
  const { cairn: peer } = await interleave(room.rounds, plain, undefined)
  const bar = { of: 'wall', atMost: 1 / 0.7 } as const
  return compared({
    what: `${what}: against plain HTTP`,
    cairn,
    peer,
    peerName: 'node, sha256',
    bar
  })
}

function download(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1' }, answer => {
      const hash = createHash('sha256')
      let bytes = 0
      answer.on('data', (piece: Buffer) => {
        bytes += piece.length
        hash.update(piece)
      })
      answer.on('end', () => resolve(hash.digest().length === 32 ? bytes : 0))
      answer.on('error', reject)
    }).on('error', reject)
  })
}
