import { rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { makeCid } from '../../src/base/blocks.ts'
import { WriteLock } from '../../src/base/write-lock.ts'
import { type Content, openContent } from '../../src/daemon/content.ts'
import { openTree } from '../../src/daemon/open-tree.ts'
import type { FuseOptions } from '../../src/fuse/api.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { createInodeMemory } from '../../src/vfs/frozen/inode-memory.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { adoptNow, tableOf } from '../store/flat-lib.ts'
import { type Mounted, mountTestTree } from './mounted.ts'

const mebibyte = 1024 * 1024

export interface MountedIpfs extends Mounted {
  readonly content: Content
  /** A folder of the machine's. */
  readonly disk: string
  /** Adds a file; returns its CID. `flat`: its leaves become a flat segment, as those of a large draft do. */
  readonly add: (bytes: Uint8Array, options?: { readonly flat?: boolean }) => string
  /** The same of 33 MiB that nobody has; and the file of the disk that it is equal to. */
  readonly addLarge: (name: string) => { readonly cid: string; readonly path: string }
}

/** The daemon's /ipfs, from a home of its own, served by up to two threads. */
export async function mountIpfs(t: Test, options: Partial<FuseOptions> = {}): Promise<MountedIpfs> {
  const home = await mkdtemp(join(tmpdir(), 'cairn-home-'))
  t.teardown(() => rm(home, { recursive: true }))
  const lock = new WriteLock()
  const memory = { inodes: createInodeMemory() }
  const { passthrough: ipfsPassthrough = false } = options
  const settings = {
    profile: 'unixfs-v1-2025',
    mfsMetadata: true,
    mfsPassthrough: false,
    ipfsPassthrough,
    cacheBudget: undefined
  } as const
  const content = openContent(home, { writeLock: lock })
  const tree = openTree('ipfs', content, { settings, memory })
  t.teardown(() => {
    tree.close()
    content.close()
  })
  const mounted = await mountTestTree(t, {
    tree,
    readOnly: true,
    minThreads: 1,
    maxThreads: 2,
    threadEntry: new URL('../../src/daemon/fuse-thread.ts', import.meta.url),
    threadData: { home, tree: 'ipfs', writeLock: lock.memory, memory, settings },
    ...options
  })
  const add: MountedIpfs['add'] = (bytes, { flat = false } = {}) => {
    const { store } = content
    const file = openUnixfsWriter(store, profiles[settings.profile]).file()
    file.write(bytes)
    const { codec, multihash } = file.finish()
    store.flush()
    if (flat) adopt(content, join(home, 'draft'), bytes)
    return makeCid(codec, multihash).toString()
  }
  const disk = t.testdir()
  const addLarge: MountedIpfs['addLarge'] = name => {
    const bytes = seededBytes(33 * mebibyte + 17, name)
    const path = join(disk, name)
    writeFileSync(path, bytes)
    return { cid: add(bytes, { flat: true }), path }
  }
  return { ...mounted, content, disk, add, addLarge }
}

/** Leaves of a file as the profile cuts it. */
function adopt(content: Content, path: string, bytes: Uint8Array): void {
  const pieces = Array.from({ length: Math.ceil(bytes.length / mebibyte) }, (_, index) =>
    bytes.subarray(index * mebibyte, (index + 1) * mebibyte)
  )
  writeFileSync(path, bytes)
  adoptNow(content, { path, leaves: tableOf(pieces) })
  rmSync(path)
}
