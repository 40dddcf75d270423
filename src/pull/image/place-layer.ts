import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { type Name, nameText } from '../../base/names.ts'
import type { Metadata } from '../../unixfs/api.ts'
import { type NodeFacts, rootFacts } from '../../unixfs/side-record.ts'
import type { LayerEntry } from '../adapter.ts'
import type { ImageBudget } from './image-budget.ts'
import type { Found, Unsettled } from './layer-stack.ts'
import {
  type Described,
  type DirectoryPlace,
  type LeafPlace,
  newDirectory,
  type PendingFile,
  whiteout
} from './layer-tree.ts'

/** An entry of a layer, its path checked and its bytes in the store, if an index does not only name it. */
export interface StoredEntry {
  readonly kind: LayerEntry['kind']
  readonly names: readonly Name[]
  readonly metadata: Metadata
  readonly facts: NodeFacts
  /** Of all but directories, links and what takes away. */
  readonly leaf: LeafPlace | PendingFile | undefined
  /** Of a hard link. */
  readonly target: readonly Name[] | undefined
}

/** A directory on the way of a path, in this layer and those below together. */
interface Spot {
  readonly above: Spot | undefined
  readonly name: Name
  /** This layer's own directory there, once it has one. */
  own: DirectoryPlace | undefined
  /** Nothing of lower layers shows below it. */
  readonly bare: boolean
}

type Step = Spot | LeafPlace | PendingFile | undefined | Unsettled

const made: Described = { metadata: { mode: 0o755 }, facts: rootFacts }

/**
 * One layer's entries, each put where its path leads to: symlinks on the way, in this layer or below,
 * are followed as a process in the container would follow them, and never out of it. Where only a
 * lower layer that is not settled could say where that is, this entry and all after it wait.
 */
export class LayerPlacing {
  readonly root = newDirectory(undefined, undefined, false)
  readonly #below: (names: readonly Name[]) => Found
  readonly #budget: ImageBudget
  #waiting: StoredEntry[] = []

  /** `below`: what the layers under this one have at a path. */
  constructor(below: (names: readonly Name[]) => Found, budget: ImageBudget) {
    this.#below = below
    this.#budget = budget
  }

  /** Throws `invalid` on an entry that fits nowhere, `file-too-large` on too many links. */
  take(entry: StoredEntry): void {
    if (this.#waiting.length > 0 || this.#place(entry) !== undefined) this.#waiting.push(entry)
  }

  /** Goes on with what waits. Returns what is still waited for; throws as `take`. */
  resume(): Unsettled | undefined {
    for (const [index, entry] of this.#waiting.entries()) {
      const unsettled = this.#place(entry)
      if (unsettled === undefined) continue
      this.#waiting = this.#waiting.slice(index)
      return unsettled
    }
    this.#waiting = []
    return undefined
  }

  #place(entry: StoredEntry): Unsettled | undefined {
    const { kind, names } = entry
    const name = names.at(-1)
    if (kind === 'opaque') {
      return this.#inDirectory(names, spot => {
        ownOf(spot).opaque = true
      })
    }
    if (name === undefined) {
      if (kind === 'directory') this.root.described = describedBy(entry)
      return undefined
    }
    if (kind === 'whiteout') {
      return this.#inDirectory(names.slice(0, -1), spot => takeAway(ownOf(spot), name))
    }
    const leaf = kind === 'link' ? this.#linked(entry) : entry.leaf
    if (leaf?.kind === 'unsettled') return leaf
    const parent = this.#make(names.slice(0, -1), names)
    if ('kind' in parent) return parent
    const { children } = ownOf(parent)
    if (leaf === undefined) describe(ownOf(parent), name, entry)
    else children.set(name, leaf)
    return undefined
  }

  /** Does something in a directory that is there; in none, nothing. */
  #inDirectory(names: readonly Name[], work: (spot: Spot) => void): Unsettled | undefined {
    const found = this.#find(names)
    if (found === undefined) return undefined
    if ('kind' in found) return found.kind === 'unsettled' ? found : undefined
    work(found)
    return undefined
  }

  /** A hard link leads to what its layer, or one below, has put there by now. */
  #linked({ names, target = [] }: StoredEntry): LeafPlace | PendingFile | Unsettled {
    const parent = this.#find(target.slice(0, -1))
    const last = target.at(-1)
    const found =
      parent === undefined || 'kind' in parent || last === undefined
        ? parent
        : this.#step(parent, last)
    if (
      found !== undefined &&
      'kind' in found &&
      (found.kind === 'unsettled' || found !== parent)
    ) {
      return found
    }
    throw new CairnError('invalid', `${shown(names)} links to ${shown(target)}, which is no file`)
  }

  /** The directory of a path; those that lack are made, what is in the way is replaced. */
  #make(names: readonly Name[], path: readonly Name[]): Spot | Unsettled {
    let spot = this.#top()
    for (const [depth, name] of names.entries()) {
      const next = this.#step(spot, name)
      if (
        next === undefined ||
        ('kind' in next && next.kind !== 'unsettled' && next.target === undefined)
      ) {
        spot = makeDirectory(spot, name)
      } else if (!('kind' in next)) spot = next
      else if (next.kind === 'unsettled') return next
      else {
        const led = this.#find(names.slice(0, depth + 1))
        if (led === undefined || ('kind' in led && led.kind !== 'unsettled')) {
          const message = `${shown(path)} goes through ${nameText(name)}, which leads nowhere`
          throw new CairnError('invalid', message)
        }
        if ('kind' in led) return led
        spot = led
      }
    }
    return spot
  }

  /** What a path leads to, with all symlinks in it followed, its last part's too. */
  #find(names: readonly Name[]): Step {
    /** Still to be walked, the next one last. */
    const open = names.toReversed()
    let spot = this.#top()
    let followed = 0
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if ((name as string) === '..') {
        spot = spot.above ?? spot
        continue
      }
      const next: Step = this.#step(spot, name)
      if (next === undefined) return undefined
      if (!('kind' in next)) spot = next
      else if (next.kind === 'unsettled') return next
      else if (next.target === undefined) return open.length === 0 ? next : undefined
      else {
        followed++
        if (followed > limits.symlinksFollowed) return undefined
        if (next.target.startsWith('/')) spot = this.#top()
        open.push(...this.#budget.followed(next.target).toReversed())
      }
    }
    return spot
  }

  #top(): Spot {
    return { above: undefined, name: '' as Name, own: this.root, bare: this.root.opaque }
  }

  /** The next on a path; a symlink is not followed. */
  #step(spot: Spot, name: Name): Step {
    const child = spot.own?.children.get(name)
    if (child?.kind === 'directory') {
      return { above: spot, name, own: child, bare: spot.bare || child.opaque }
    }
    if (child !== undefined) return child.kind === 'whiteout' ? undefined : child
    if (spot.bare) return undefined
    const found = this.#below([...pathOf(spot), name])
    if (found.kind === 'absent') return undefined
    if (found.kind !== 'directory') return found
    return { above: spot, name, own: undefined, bare: false }
  }
}

/** What a layer takes away is what lower ones have there, before and after it brings something itself. */
function takeAway({ children }: DirectoryPlace, name: Name): void {
  const own = children.get(name)
  if (own === undefined) children.set(name, whiteout)
  else if (own.kind === 'directory') own.opaque = true
}

/** A directory in place of what hid, or took away, a lower layer's shows nothing of that either. */
function describe(parent: DirectoryPlace, name: Name, entry: StoredEntry): void {
  const old = parent.children.get(name)
  if (old?.kind === 'directory') old.described = describedBy(entry)
  else parent.children.set(name, newDirectory(parent, describedBy(entry), old !== undefined))
}

function describedBy({ metadata, facts }: StoredEntry): Described {
  return { metadata, facts }
}

function makeDirectory(spot: Spot, name: Name): Spot {
  const parent = ownOf(spot)
  const own = newDirectory(parent, made, true)
  parent.children.set(name, own)
  return { above: spot, name, own, bare: true }
}

/** This layer's own directory at a spot: where only lower ones have it, one that just leads there. */
function ownOf(spot: Spot): DirectoryPlace {
  if (spot.own !== undefined) return spot.own
  const parent = ownOf(spot.above!)
  const own = newDirectory(parent, undefined, false)
  parent.children.set(spot.name, own)
  spot.own = own
  return own
}

function pathOf(spot: Spot): Name[] {
  const names: Name[] = []
  for (let at = spot; at.above !== undefined; at = at.above) names.push(at.name)
  return names.reverse()
}

function shown(names: readonly Name[]): string {
  return names.map(nameText).join('/')
}
