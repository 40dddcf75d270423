import { makeCid } from '../../../src/base/blocks.ts'
import { type Name, nameText, toName } from '../../../src/base/names.ts'
import type { DirectoryLink, Metadata, Node } from '../../../src/unixfs/api.ts'
import { profiles } from '../../../src/unixfs/profiles.ts'
import { openUnixfsReader } from '../../../src/unixfs/reader.ts'
import { openUnixfsWriter } from '../../../src/unixfs/writer.ts'
import type { DirectoryEntry, Ino, Tree } from '../../../src/vfs/api.ts'
import { InodeTable } from '../../../src/vfs/frozen/inode-table.ts'
import { openIpfsTree } from '../../../src/vfs/frozen/ipfs-tree.ts'
import { type MemoryBlocks, memoryBlocks } from '../../lib/memory-blocks.ts'

export const owner = { uid: 1000, gid: 100 }
export const statistics = () => ({
  blockBytes: 4096,
  blocks: 100,
  freeBlocks: 40,
  files: 10,
  freeFiles: 5
})

export type Content = string | Uint8Array | { [name: string]: Content } | Special
export interface Special {
  readonly $: {
    symlink?: string
    file?: string
    directory?: Content
    metadata?: Metadata
    node?: Node
  }
}

/** Writes content as stock UnixFS, version 1 with raw leaves. */
export function write(blocks: MemoryBlocks, content: Content): Node {
  const writer = openUnixfsWriter(blocks, profiles['unixfs-v1-2025'])
  const file = (bytes: Uint8Array, metadata?: Metadata): Node => {
    const builder = writer.file()
    builder.write(bytes)
    return builder.finish(metadata)
  }
  const make = (content: Content, metadata?: Metadata): Node => {
    if (typeof content === 'string') return file(Buffer.from(content), metadata)
    if (content instanceof Uint8Array) return file(content, metadata)
    if (isSpecial(content)) {
      const { node, symlink, directory, file, metadata } = content.$
      if (node !== undefined) return node
      if (symlink !== undefined) return writer.symlink(Buffer.from(symlink), metadata)
      return make(directory ?? file ?? '', metadata)
    }
    const links = Object.entries(content).map(([name, below]): DirectoryLink => {
      const { codec, multihash, cidVersion, dagBytes } = make(below)
      return { name: toName(name), codec, multihash, cidVersion, dagBytes }
    })
    return writer.directory(links, metadata)
  }
  const node = make(content)
  blocks.flush()
  return node
}

function isSpecial(content: Exclude<Content, string | Uint8Array>): content is Special {
  return '$' in content
}

export function cidOf(node: Pick<Node, 'codec' | 'multihash' | 'cidVersion'>): string {
  return makeCid(node.codec, node.multihash, node.cidVersion).toString()
}

/** A tree of /ipfs over blocks in memory. */
export function ipfsFixture(blocks = memoryBlocks(), inodes = new InodeTable()) {
  const tree = openIpfsTree({ reader: openUnixfsReader(blocks), inodes, owner, statistics })
  return { blocks, inodes, tree }
}

/** Looks up a slash-separated path from the root. */
export function walk(tree: Tree, path: string): Ino {
  return path.split('/').reduce((ino, part) => tree.lookup(ino, toName(part)).ino, tree.root)
}

/** All entries, asked for `page` at a time. */
export function list(
  tree: Tree,
  ino: Ino,
  { withAttributes = true, page = Number.POSITIVE_INFINITY } = {}
): DirectoryEntry[] {
  const entries: DirectoryEntry[] = []
  let cookie = 0
  for (;;) {
    const before = entries.length
    tree.readDirectory(ino, { cookie, withAttributes }, entry => {
      if (entries.length - before >= page) return false
      entries.push(entry)
      cookie = entry.cookie
      return true
    })
    if (entries.length === before) return entries
  }
}

export function namesOf(entries: readonly DirectoryEntry[]): string[] {
  return entries.map(({ name }) => nameText(name)).sort()
}

export function readAll(tree: Tree, ino: Ino): Buffer {
  const target = Buffer.alloc(Number(tree.attributes(ino).size))
  return target.subarray(0, tree.read(ino, target, 0))
}

export const name = (text: string): Name => toName(text)
