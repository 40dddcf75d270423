import { encode } from '@ipld/dag-cbor'
import type { CID } from 'multiformats/cid'
import type { Test } from 'tap'
import { type Access, localAccess } from '../../src/base/access.ts'
import { makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import { systemClock } from '../../src/base/clock.ts'
import { CairnError, type Want } from '../../src/base/errors.ts'
import type { HttpDoor } from '../../src/base/http.ts'
import { toName } from '../../src/base/names.ts'
import { openHttpServer } from '../../src/daemon/http-server.ts'
import type { GatewayNames, GatewayOptions } from '../../src/gateway/api.ts'
import { openGatewayDoor } from '../../src/gateway/gateway-door.ts'
import { openPace } from '../../src/gateway/pace.ts'
import { openSharedBlocks, type SharedRoot } from '../../src/gateway/shared-blocks.ts'
import type { Node } from '../../src/unixfs/api.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { memoryBlocks } from '../lib/memory-blocks.ts'

export interface Gateway {
  readonly url: string
  readonly blocks: ReturnType<typeof memoryBlocks>
  readonly file: (bytes: Uint8Array) => Node
  readonly folder: (entries: Readonly<Record<string, Node>>) => Node
  /** A node of DAG-CBOR. */
  readonly cbor: (value: unknown) => CID
  /** What is shared, by label. */
  readonly shared: Map<string, CID>
  readonly records: Map<string, { bytes: Uint8Array; ttlMs: number }>
  readonly heads: Map<string, CID>
  /** Blocks that come from elsewhere when they are lacking. */
  readonly elsewhere: Map<string, Uint8Array>
  readonly time: { skippedMs: number }
}

export interface GatewaySetting {
  readonly serves?: GatewayOptions['serves']
  readonly access?: Access
}

/** A gateway on a real port over blocks in memory. */
export async function openGateway(
  t: Pick<Test, 'teardown'>,
  { serves = 'everything', access = localAccess }: GatewaySetting = {}
): Promise<Gateway> {
  const blocks = memoryBlocks()
  const writer = openUnixfsWriter(blocks, profiles['unixfs-v1-2025'])
  const shared = new Map<string, CID>()
  const records: Gateway['records'] = new Map()
  const heads = new Map<string, CID>()
  const elsewhere = new Map<string, Uint8Array>()
  const time = { skippedMs: 0 }
  const clock = { nowMs: () => systemClock.nowMs() + time.skippedMs }
  const names: GatewayNames = {
    resolve: name => heads.get(name),
    record: name => records.get(name)
  }
  const roots = (): SharedRoot[] => [...shared].map(([label, cid]) => ({ label, cid }))
  const satisfy = async (want: Want): Promise<void> => {
    const found = elsewhere.get(want.id)
    if (found === undefined) throw new CairnError('missing', `nobody has ${want.id}`)
    blocks.add(found)
  }
  const pace = openPace(undefined, clock)
  const options = { blocks, names, pace, serves, satisfy }
  const door = openGatewayDoor({ ...options, shared: openSharedBlocks({ blocks, roots, clock }) })
  const as: HttpDoor = {
    ...door,
    serve: (request, response, signal) => door.serve(request, response, signal, access)
  }
  const log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} }
  const server = await openHttpServer(
    { host: '127.0.0.1', port: 0 },
    { doors: [as], log: log as never }
  )
  t.teardown(() => server.close(AbortSignal.abort()))
  return {
    url: `http://127.0.0.1:${server.address.port}`,
    blocks,
    cbor: value => {
      const bytes = encode(value)
      blocks.add(bytes)
      return makeCid(0x71, sha256Multihash(bytes))
    },
    shared,
    records,
    heads,
    elsewhere,
    time,
    file: bytes => {
      const builder = writer.file()
      builder.write(bytes)
      return builder.finish()
    },
    folder: entries =>
      writer.directory(
        Object.entries(entries).map(([name, node]) => ({ ...node, name: toName(name) }))
      )
  }
}

export function cidOf({ codec, multihash, cidVersion }: Node): CID {
  return makeCid(codec, multihash, cidVersion)
}

/** A folder with a page, a long file and a folder in it. */
export function makeSite({ file, folder }: Gateway) {
  const long = seededBytes(3 * 1024 * 1024 + 17, 'long')
  const nodes = {
    page: file(Buffer.from('<h1>hello</h1>')),
    long: file(long),
    note: file(Buffer.from('a note'))
  }
  const inner = folder({ 'note.txt': nodes.note, 'größe & <b>': nodes.note })
  const site = folder({ 'index.html': nodes.page, 'long.bin': nodes.long, inner })
  return { ...nodes, inner, site, bytes: long }
}
