import type { IncomingMessage, ServerResponse } from 'node:http'
import { encode as encodePb } from '@ipld/dag-pb'
import { CID } from 'multiformats/cid'
import type { Test } from 'tap'
import { codec, type Multihash, makeCid, multihashKey } from '../../src/base/blocks.ts'
import { carHeader, encodeHead } from '../../src/base/car.ts'
import { systemClock } from '../../src/base/clock.ts'
import type { HttpDoor } from '../../src/base/http.ts'
import { toName } from '../../src/base/names.ts'
import { openHttpServer } from '../../src/daemon/http-server.ts'
import { openGatewayDoor } from '../../src/gateway/gateway-door.ts'
import { openPeerDoor } from '../../src/gateway/peer-door.ts'
import { readCidList } from '../../src/gateway/send-blocks.ts'
import { openSharedBlocks } from '../../src/gateway/shared-blocks.ts'
import { DagFetcher } from '../../src/names/fetch-dag.ts'
import { openContentSource } from '../../src/net/content-source.ts'
import type { Node } from '../../src/unixfs/api.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { seededBytes } from '../lib/deterministic.ts'
import type { Machine } from '../names/names-home.ts'
import { type Asking, makePeers, serve } from './peer-world.ts'

export { type Machine, makeNames as makeMachine, never } from '../names/names-home.ts'

/** A tree of folders and files, in a machine's store: bytes are files. */
export interface Tree {
  readonly [name: string]: Uint8Array | Tree
}

/** Small files in folders of fifty. */
export function manyFiles(count: number, seed = 'file'): Tree {
  const folder = (from: number): Tree =>
    Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [
        `f${from + index}`,
        seededBytes(700 + ((from + index) % 900), `${seed} ${from + index}`)
      ])
    )
  return Object.fromEntries(
    Array.from({ length: count / 50 }, (_, index) => [`d${index}`, folder(index * 50)])
  )
}

export function addTree({ store }: Machine, tree: Tree): CID {
  const writer = openUnixfsWriter(store, profiles['unixfs-v1-2025'])
  const add = (of: Uint8Array | Tree): Node => {
    if (of instanceof Uint8Array) {
      const file = writer.file()
      file.write(of)
      return file.finish()
    }
    const entries = Object.entries(of).map(([name, each]) => ({ ...add(each), name: toName(name) }))
    return writer.directory(entries)
  }
  const { codec: code, multihash, cidVersion } = add(tree)
  store.flush()
  return makeCid(code, multihash, cidVersion)
}

/** Folders in folders, each holding the next three times: it unfolds to 3 to the power of `levels`. */
export function addBomb({ store }: Machine, levels: number): CID {
  const writer = openUnixfsWriter(store, profiles['unixfs-v1-2025'])
  const file = writer.file()
  file.write(Buffer.from('boom'))
  let node = file.finish()
  for (let level = 0; level <= levels; level++) {
    const names = ['one', 'three', 'two'].map(toName)
    node = writer.directory(names.map(name => ({ ...node, name })))
  }
  store.flush()
  return makeCid(node.codec, node.multihash, node.cidVersion)
}

/** A folder's node that links each CID as it is. */
export function addLinks({ store }: Machine, cids: readonly CID[]): CID {
  const links = cids.map((cid, index) => ({
    Hash: cid,
    Name: `l${String(index).padStart(6, '0')}`,
    Tsize: 1
  }))
  const block = encodePb({ Data: Buffer.from([8, 1]), Links: links })
  const multihash = store.add(block, codec.dagPb)
  store.flush()
  return makeCid(codec.dagPb, multihash)
}

/** How peers are served what is reachable from the roots, as the daemon does. */
export interface Content {
  readonly doors: readonly HttpDoor[]
  /** Lists and single blocks that were asked for, as many as each named. */
  readonly asked: number[]
  readonly sent: { bytes: number }
}

export interface Serving extends Content {
  readonly address: string
  stop: () => Promise<void>
}

export function contentOf({ store }: Machine, roots: readonly CID[]): Content {
  const shared = openSharedBlocks({
    blocks: store,
    roots: () => roots.map(cid => ({ label: cid.toString(), cid })),
    clock: systemClock
  })
  const asked: number[] = []
  const sent = { bytes: 0 }
  const pace = async (bytes: number) => {
    sent.bytes += bytes
  }
  const counting = {
    among: async (cids: readonly CID[]) => {
      asked.push(cids.length)
      return await shared.among(cids)
    }
  }
  const doors: HttpDoor[] = [
    openPeerDoor({
      shelf: { find: () => undefined },
      blocks: store,
      shared: counting,
      pace,
      takeRecord: () => {}
    }),
    openGatewayDoor({
      blocks: store,
      shared,
      pace,
      names: { resolve: () => undefined, record: () => undefined },
      serves: 'shared',
      satisfy: async () => {}
    })
  ]
  return { doors, asked, sent }
}

/** Serves it over plain HTTP. */
export async function serveContent(
  t: Pick<Test, 'teardown'>,
  machine: Machine,
  roots: readonly CID[]
): Promise<Serving> {
  const content = contentOf(machine, roots)
  const quiet = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} }
  const server = await openHttpServer(
    { host: '127.0.0.1', port: 0 },
    { doors: content.doors, log: quiet as never }
  )
  const stop = () => server.close(AbortSignal.abort())
  t.teardown(stop)
  return { ...content, address: `127.0.0.1:${server.address.port}`, stop }
}

/** Brings content to a machine from peers. */
export function fetcherOf(
  t: Pick<Test, 'teardown'>,
  machine: Machine,
  addresses: readonly string[],
  patienceMs = 0
): Asking & { readonly fetcher: DagFetcher } {
  const asking = makePeers(t, addresses)
  return { ...asking, fetcher: fetcherFrom(asking, machine, patienceMs) }
}

export function fetcherFrom(
  { peers }: Pick<Asking, 'peers'>,
  { store, reader }: Machine,
  patienceMs = 0
): DagFetcher {
  return new DagFetcher({ store, reader, sources: [openContentSource(peers)], patienceMs })
}

/** The CIDs of a DAG whose blocks are not in a store. */
export function lackingOf({ store }: Machine, whole: Machine, root: CID): string[] {
  return [...whole.reader.walk(root)].flatMap(({ multihash }) =>
    store.has(multihash) ? [] : [makeCid(0x55, multihash).toString()]
  )
}

/** What blocks have in bytes, each once. */
export function bytesOf({ reader, store }: Machine, root: CID): Map<string, number> {
  const sizes = [...reader.walk(root)].map(
    ({ multihash }) => [multihashKey(multihash), store.size(multihash) ?? 0] as const
  )
  return new Map(sizes)
}

export type Answer = (
  cids: readonly CID[],
  response: ServerResponse,
  record: (cid: CID) => Uint8Array
) => void

/** Answers lists as a test wants, and nothing else. */
export function playOf(
  { store }: Machine,
  answer: Answer
): (request: IncomingMessage, response: ServerResponse) => void {
  const record = ({ code, multihash }: CID): Uint8Array =>
    recordOf(code, multihash.bytes, store.read(multihash.bytes))
  return (request, response) => {
    if (request.method !== 'POST') return void response.writeHead(404).end()
    readCidList(request).then(
      cids => answer(cids, response, record),
      () => response.destroy()
    )
  }
}

/** A peer that does so. */
export async function servePlay(
  t: Pick<Test, 'teardown'>,
  machine: Machine,
  answer: Answer
): Promise<{ address: string; asked: string[]; stop: () => Promise<void> }> {
  return await serve(t, playOf(machine, answer))
}

export function recordOf(code: number, multihash: Multihash, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([encodeHead(code, multihash, bytes.byteLength), bytes])
}

export { CID, carHeader }
