import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { PinResult, RefreshResult } from '../../src/control/api.ts'
import { callDaemon } from '../../src/control/client.ts'
import type { PeerState } from '../../src/net/api.ts'
import type { Room } from './bench.ts'
import { type Cairn, freePort, startCairn } from './cairn.ts'

/** A daemon on the LAN: here, on loopback. */
export interface PeerCairn extends Cairn {
  /** What it is added by as a peer, and its port. */
  readonly peerPort: number
  readonly address: string
  addPeer: (peer: string) => void
  pin: (path: string) => Promise<PinResult>
  /** With the key that `cairn publish` uses by itself. */
  publish: (cid: string) => Promise<unknown>
  refresh: (name: string) => Promise<RefreshResult>
  peers: () => Promise<readonly PeerState[]>
}

export interface PeerOptions {
  /** What its peers come over; found by nobody by themselves with `http`. */
  readonly over?: 'http' | 'libp2p'
  /** More lines of its configuration, and of `peers:` in it. */
  readonly config?: readonly string[]
  readonly peers?: readonly string[]
}

export async function startPeerCairn(
  room: Room,
  { over = 'http', config = [], peers = [] }: PeerOptions = {}
): Promise<PeerCairn> {
  // In memory, as helia has its blocks by itself: what is compared is the network, not the disk.
  const home = room.memory('home')
  const peerPort = await freePort()
  const at = (way: string) => (way === over ? `127.0.0.1:${peerPort}` : 'none')
  const lines = [
    'network: lan',
    'peers:',
    ...[`listen: ${at('http')}`, `libp2p: ${at('libp2p')}`, ...peers].map(line => `  ${line}`),
    ...config
  ]
  writeFileSync(join(home, 'config.yaml'), `${lines.join('\n')}\n`)
  const cairn = await startCairn(room, home)
  const call = async <T>(method: 'GET' | 'POST', what: string): Promise<T> => {
    const signal = AbortSignal.timeout(600_000)
    const answer = await callDaemon<T>(join(home, 'cairn.sock'), method, what, signal)
    if (answer === undefined) throw new Error('the daemon is gone')
    return answer
  }
  return {
    ...cairn,
    peerPort,
    address:
      over === 'http'
        ? `127.0.0.1:${peerPort}`
        : `/ip4/127.0.0.1/tcp/${peerPort}/p2p/${await peerId(home)}`,
    addPeer: peer => void cairn.run('peer', 'add', peer),
    pin: path => call('POST', `pin?${new URLSearchParams({ path })}`),
    publish: cid => call('POST', `publish?key=self&lifetimeMs=3600000&cid=${cid}`),
    refresh: name => call('POST', `refresh?${new URLSearchParams({ name })}`),
    peers: () => call('GET', 'peers')
  }
}

async function peerId(home: string): Promise<string> {
  const key = await generateKeyPairFromSeed('Ed25519', readFileSync(join(home, 'peer.key')))
  return key.publicKey.toString()
}
