import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { checkName, type Name, nameText, toName } from '../../base/names.ts'
import type { DirectoryLink, Metadata, Node, UnixfsWriter } from '../../unixfs/api.ts'
import { type NodeFacts, rootFacts, writeSideRecord } from '../../unixfs/side-record.ts'
import type { LayerEntry } from '../adapter.ts'

/** What stands at a path, and the layer that put it there last. */
type Place = DirectoryPlace | LeafPlace

interface DirectoryPlace {
  readonly kind: 'directory'
  readonly children: Map<Name, Place>
  /** Folders above it. */
  readonly depth: number
  metadata: Metadata
  layer: number
  /** The layer that hid last what is below: once does. */
  opaqueIn: number
  facts: NodeFacts
}

interface LeafPlace {
  readonly kind: 'file' | 'symlink'
  readonly node: Node
  /** Of a symlink. */
  readonly target: string
  readonly layer: number
  readonly facts: NodeFacts
}

/** A root filesystem: its content, and the side record of what UnixFS has no place for, if any. */
export interface FinishedRoot {
  readonly node: Node
  readonly record: Node | undefined
}

/**
 * An image's root filesystem, made of its layers from the lowest up. Files are stored as they come,
 * also those a later layer hides. Paths stay inside: symlinks on the way are followed as a process
 * in the container would follow them. Throws `invalid` on a layer that fits nowhere, `file-too-large`
 * over `limits.unpackedEntries`, `limits.unpackedLinkSteps` or `mostBytes`.
 */
export class RootFilesystem {
  readonly #writer: UnixfsWriter
  readonly #mostBytes: number
  readonly #root = emptyDirectory(0)
  #layer = 0
  #entries = 0
  #bytes = 0
  #linkSteps = 0

  constructor(writer: UnixfsWriter, mostBytes: number) {
    this.#writer = writer
    this.#mostBytes = mostBytes
  }

  async addLayer(entries: AsyncIterable<LayerEntry>): Promise<void> {
    this.#layer++
    for await (const entry of entries) {
      this.#entries++
      if (this.#entries > limits.unpackedEntries) {
        throw new CairnError('file-too-large', `it has more than ${limits.unpackedEntries} entries`)
      }
      await this.#add(entry)
    }
  }

  async #add(entry: LayerEntry): Promise<void> {
    const names = namesOf(entry.path)
    const name = names.at(-1)
    if (entry.kind === 'opaque') {
      const directory = this.#find(names)
      if (directory?.kind === 'directory') hideBelow(directory, this.#layer)
      return
    }
    if (name === undefined) {
      if (entry.kind === 'directory') this.#describe(this.#root, entry)
      return
    }
    if (entry.kind === 'whiteout') {
      const parent = this.#find(names.slice(0, -1))
      const hidden = parent?.kind === 'directory' ? parent.children.get(name) : undefined
      if (parent?.kind === 'directory' && hidden !== undefined && hidden.layer < this.#layer) {
        parent.children.delete(name)
      }
      return
    }
    const parent = this.#make(names.slice(0, -1), entry.path)
    if (entry.kind === 'directory') {
      const old = parent.children.get(name)
      const directory = old?.kind === 'directory' ? old : emptyDirectory(this.#layer, parent)
      this.#describe(directory, entry)
      parent.children.set(name, directory)
    } else parent.children.set(name, await this.#leaf(entry))
  }

  #describe(directory: DirectoryPlace, entry: LayerEntry): void {
    directory.metadata = metadataOf(entry)
    directory.layer = this.#layer
    directory.facts = factsOf(entry)
  }

  async #leaf(entry: LayerEntry): Promise<Place> {
    const facts = { layer: this.#layer, facts: factsOf(entry), target: entry.target ?? '' }
    if (entry.kind === 'symlink') {
      const target = Buffer.from(facts.target, 'utf8')
      return { ...facts, kind: 'symlink', node: this.#writer.symlink(target, metadataOf(entry)) }
    }
    if (entry.kind === 'link') return this.#linked(entry)
    const builder = this.#writer.file()
    for await (const bytes of entry.content ?? []) {
      this.#bytes += bytes.length
      if (this.#bytes > this.#mostBytes) {
        throw new CairnError('file-too-large', `it unpacks to more than ${this.#mostBytes} bytes`)
      }
      builder.write(bytes)
    }
    return { ...facts, kind: 'file', node: builder.finish(metadataOf(entry)) }
  }

  /** A hard link leads to what its layer, or one below, has put there by now. */
  #linked(entry: LayerEntry): Place {
    const names = namesOf(entry.target ?? '')
    const parent = this.#find(names.slice(0, -1))
    const last = names.at(-1)
    const target =
      parent?.kind === 'directory' && last !== undefined ? parent.children.get(last) : undefined
    if (target === undefined || target.kind === 'directory') {
      throw new CairnError('invalid', `${entry.path} links to ${entry.target}, which is no file`)
    }
    return { ...target, layer: this.#layer }
  }

  /** The directory of a path; those that lack are made, what is in the way is replaced. */
  #make(names: readonly Name[], path: string): DirectoryPlace {
    let directory = this.#root
    for (const [depth, name] of names.entries()) {
      const next: Place | undefined = directory.children.get(name)
      if (next?.kind === 'directory') directory = next
      else if (next?.kind === 'symlink') {
        const led = this.#find(names.slice(0, depth + 1))
        if (led?.kind !== 'directory') {
          throw new CairnError(
            'invalid',
            `${path} goes through ${nameText(name)}, which leads nowhere`
          )
        }
        directory = led
      } else {
        const made = emptyDirectory(this.#layer, directory)
        directory.children.set(name, made)
        directory = made
      }
    }
    return directory
  }

  /** What a path leads to, with all symlinks in it followed, its last part's too. */
  #find(names: readonly Name[]): Place | undefined {
    /** Still to be walked, the next one last. */
    const open = names.toReversed()
    let above: DirectoryPlace[] = [this.#root]
    let followed = 0
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if ((name as string) === '..') {
        if (above.length > 1) above.pop()
        continue
      }
      const next: Place | undefined = above.at(-1)?.children.get(name)
      if (next === undefined) return undefined
      if (next.kind === 'directory') above.push(next)
      else if (next.kind === 'file') return open.length === 0 ? next : undefined
      else {
        followed++
        if (followed > limits.symlinksFollowed) return undefined
        if (next.target.startsWith('/')) above = [this.#root]
        open.push(...this.#partsOf(next.target).toReversed())
      }
    }
    return above.at(-1)
  }

  /** A link of a thousand parts is short, and so are the names of a million entries that go through forty of them. */
  #partsOf(target: string): Name[] {
    const parts = target.split('/').filter(part => part !== '' && part !== '.')
    this.#linkSteps += parts.length
    if (this.#linkSteps > limits.unpackedLinkSteps) {
      const message = `its symlinks lead over more than ${limits.unpackedLinkSteps} folders`
      throw new CairnError('file-too-large', message)
    }
    return parts.map(latin1)
  }

  /** Stores the directories; what a layer put there first is gone from the tree with what hid it. */
  finish(): FinishedRoot {
    return finishDirectory(this.#writer, this.#root)
  }

  /** Paths that do not belong to root, `uid:gid path` a line, in the order of a walk. */
  owners(): string {
    const lines: string[] = []
    walkOwners(this.#root, '', lines)
    return lines.join('')
  }
}

/** Throws `invalid` where folders lie too deep one in another to be walked. */
function emptyDirectory(layer: number, parent?: DirectoryPlace): DirectoryPlace {
  const depth = parent === undefined ? 0 : parent.depth + 1
  if (depth > limits.unpackedDepth) {
    throw new CairnError('invalid', `it has folders more than ${limits.unpackedDepth} deep`)
  }
  return {
    kind: 'directory',
    depth,
    children: new Map(),
    metadata: { mode: 0o755 },
    layer,
    opaqueIn: 0,
    facts: rootFacts
  }
}

/** Takes away what lower layers have below a directory, also below those this layer has made anew. */
function hideBelow(directory: DirectoryPlace, layer: number): void {
  if (directory.opaqueIn === layer) return
  directory.opaqueIn = layer
  for (const [name, child] of directory.children) {
    if (child.layer < layer) directory.children.delete(name)
    else if (child.kind === 'directory') hideBelow(child, layer)
  }
}

function finishDirectory(writer: UnixfsWriter, directory: DirectoryPlace): FinishedRoot {
  const links: DirectoryLink[] = []
  const records: DirectoryLink[] = []
  for (const [name, child] of directory.children) {
    const { node, record } =
      child.kind === 'directory'
        ? finishDirectory(writer, child)
        : { node: child.node, record: writeSideRecord(writer, child.facts) }
    links.push(linkTo(name, node))
    if (record !== undefined) records.push(linkTo(name, record))
  }
  const node = writer.directory(links, directory.metadata)
  return { node, record: writeSideRecord(writer, directory.facts, records) }
}

function linkTo(name: Name, { codec, multihash, cidVersion, dagBytes }: Node): DirectoryLink {
  return { name, codec, multihash, cidVersion, dagBytes }
}

function walkOwners(directory: DirectoryPlace, path: string, lines: string[]): void {
  for (const [name, child] of directory.children) {
    const at = `${path}/${nameText(name)}`
    const { uid, gid } = child.facts
    if (uid !== 0 || gid !== 0) lines.push(`${uid}:${gid} ${at}\n`)
    if (child.kind === 'directory') walkOwners(child, at, lines)
  }
}

function metadataOf({ mode, mtimeSeconds }: LayerEntry): Metadata {
  const known = Number.isSafeInteger(mtimeSeconds) && mtimeSeconds > 0
  return known ? { mode, mtimeSeconds } : { mode }
}

function factsOf({ uid, gid, device, xattrs }: LayerEntry): NodeFacts {
  if (device === undefined && xattrs === undefined) {
    return uid === 0 && gid === 0 ? rootFacts : { uid: idOf(uid), gid: idOf(gid) }
  }
  return {
    uid: idOf(uid),
    gid: idOf(gid),
    ...(device === undefined ? {} : { device }),
    ...(xattrs === undefined ? {} : { xattrs })
  }
}

/** Linux's number for an owner that it cannot tell. */
const overflowId = 65_534

function idOf(id: number): number {
  return Number.isInteger(id) && id >= 0 && id < 0xffffffff ? id : overflowId
}

function namesOf(path: string): Name[] {
  if (path.length > 4 * limits.symlinkBytes) throw new CairnError('invalid', 'a path too long')
  const parts = path.split('/').filter(part => part !== '' && part !== '.')
  return parts.map(part => checkName(toName(part)))
}

/** A part of a symlink's target, `..` too. */
function latin1(part: string): Name {
  return Buffer.from(part, 'utf8').toString('latin1') as Name
}
