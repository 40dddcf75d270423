import { mkdirSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Access, localAccess } from '../../src/base/access.ts'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { type Database, openDatabase } from '../../src/base/database.ts'
import { openRoots } from '../../src/roots/open.ts'
import { rootsMigrations } from '../../src/roots/schema.ts'
import { openBlockStore } from '../../src/store/open.ts'
import { storeMigrations } from '../../src/store/schema.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { InodeTable } from '../../src/vfs/frozen/inode-table.ts'
import { openIpfsTree } from '../../src/vfs/frozen/ipfs-tree.ts'
import type { Mfs } from '../../src/vfs/mfs/api.ts'
import { openMfs } from '../../src/vfs/mfs/open.ts'
import { vfsMigrations } from '../../src/vfs/schema.ts'
import { openWebdav } from '../../src/webdav/door.ts'
import { webdavMigrations } from '../../src/webdav/schema.ts'
import { MemoryTree } from '../lib/memory-tree.ts'

export interface Served {
  /** Without a slash at the end. */
  readonly url: string
  readonly port: number
  readonly home: string
  readonly mfs: Mfs
  readonly database: Database
  readonly drafts: string
  readonly close: () => Promise<void>
  /** What a method threw that was no answer to a client. */
  readonly faults: unknown[]
}

export interface ServeOptions {
  readonly clock?: Clock
  /** On whose behalf each request is served. */
  readonly access?: Access | ((request: IncomingMessage) => Access)
}

/** A WebDAV door on a real port over the home in a folder; opened again it finds what was there. */
export async function serveDav(
  t: Pick<Test, 'teardown'>,
  home: string,
  { clock = systemClock, access = localAccess }: ServeOptions = {}
): Promise<Served> {
  const [drafts, segments] = [join(home, 'drafts'), join(home, 'segments')]
  for (const folder of [drafts, segments]) mkdirSync(folder, { recursive: true })
  const database = openDatabase(join(home, 'cairn.db'), {
    migrations: [...storeMigrations, ...rootsMigrations, ...vfsMigrations, ...webdavMigrations]
  })
  const blocks = openBlockStore({ segments, database })
  const reader = openUnixfsReader(blocks)
  const owner = { uid: 1000, gid: 1000 }
  const mfs = openMfs({
    database,
    drafts,
    blocks,
    unixfs: { reader, writer: openUnixfsWriter(blocks, profiles['unixfs-v1-2025']) },
    roots: openRoots(database, clock),
    clock,
    rootName: 'mfs',
    metadata: true,
    owner,
    recover: true
  })
  const statistics = () => mfs.statistics()
  const ipfs = openIpfsTree({ reader, inodes: new InodeTable(), owner, statistics })
  const faults: unknown[] = []
  const door = openWebdav({
    trees: { mfs, ipfs, ipns: new MemoryTree('frozen'), pkg: new MemoryTree('frozen') },
    namesInMfs: () => undefined,
    database,
    clock,
    owner,
    satisfy: async want => {
      throw new Error(`nobody has ${want.id}`)
    },
    faulted: error => faults.push(error)
  })
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    if (!door.accepts(request)) return response.writeHead(404).end()
    const by = typeof access === 'function' ? access(request) : access
    door.serve(request, response, gone.signal, by).catch(cause => faults.push(cause))
  }
  const server = createServer(answer).on('checkContinue', answer)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const once = { closed: false }
  const close = async () => {
    if (once.closed) return
    once.closed = true
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
    mfs.close()
    blocks.close()
    database.close()
  }
  t.teardown(close)
  return { url: `http://127.0.0.1:${port}`, port, home, mfs, database, drafts, close, faults }
}
