import type { CID } from 'multiformats/cid'
import { nameText } from '../../src/base/names.ts'
import { rootOfName } from '../../src/names/publisher.ts'
import { addFiles, type BundleHome, importTo } from '../bundle/bundle-home.ts'
import { never, refresherOf, sourceOf } from './names-home.ts'

/** Whom a change asks, or what it takes in. */
export interface Other {
  readonly home: BundleHome | undefined
  readonly bundle: string
  /** Of the other home's key. */
  readonly name: string
}

/** Changes to names that may break off anywhere, each made again by who is started next. */
export const changes = {
  publish: home => publishIn(home, 'second'),
  unpublish: ({ names }) => names.unpublish('blog'),
  rotate: ({ names }) => names.keys.find('blog')?.successor ?? rotateOnce(names),
  follow: async (home, other) => {
    if (other.home === undefined) throw new Error('there is nobody to ask')
    const refresher = refresherOf(home, [sourceOf(other.home)])
    await refresher.refresh(home.names.follow(other.name, { whole: true }), never)
  },
  unfollow: ({ names }, { name }) => names.unfollow(name),
  import: async (home, { bundle }) => await importTo(home, bundle)
} satisfies Readonly<Record<string, (home: BundleHome, other: Other) => unknown>>

export type ChangeName = keyof typeof changes

/** Once: a second start finds the key that took over. */
function rotateOnce(names: BundleHome['names']): unknown {
  return names.keys.list().some(({ successor }) => successor !== undefined)
    ? undefined
    : names.rotate('blog')
}

export function publishIn(home: BundleHome, text: string): void {
  const { names } = home
  if (names.keys.find('blog') === undefined) names.keys.create('blog')
  const cid = addFiles(home, { [text]: text })
  names.publish('blog', { cid, path: undefined, lifetimeMs: 86_400_000, settle: false })
}

/** What the one file of a folder is called. */
function shownAt({ reader }: BundleHome, folder: CID | undefined): string {
  if (folder === undefined) return 'nothing'
  return reader
    .list(folder.code, folder.multihash.bytes)
    .map(({ name }) => nameText(name))
    .join()
}

/** The same; throws unless every block of it is here. */
function keptAt(home: BundleHome, folder: CID | undefined): string {
  if (folder !== undefined) for (const _ of home.reader.walk(folder));
  return shownAt(home, folder)
}

/** What a home says of the names it publishes; throws if root and record do not say the same. */
export function publishedIn(home: BundleHome): string {
  const { names, roots } = home
  const said = names.keys.list().map(({ name, alias, successor }) => {
    const record = names.record(name)
    const root = roots.get(rootOfName(name))?.cid
    if (record === undefined) return `${alias}: no record`
    if (successor !== undefined) {
      if (record.value !== `/ipns/${successor}`) throw new Error(`${record.value} of a rotated key`)
      return 'the old key points at the new one'
    }
    if (record.value !== `/ipfs/${root}`)
      throw new Error(`${record.value}, but the root at ${root}`)
    const isPublished = names.publications().some(each => each.name === name)
    return `${alias}: ${isPublished ? '' : 'no more '}${keptAt(home, root)}`
  })
  return said.length === 0 ? 'no key' : said.toSorted().join(', ')
}

/** What a home says of the name it follows. */
export function followedIn(home: BundleHome): string {
  const { names, roots } = home
  const [follow] = names.follows()
  if (follow === undefined) {
    const left = [...roots.list(), ...roots.pins(), ...names.records()].length
    return left === 0 ? 'not followed' : `not followed, but ${left} rows are left of it`
  }
  const { cid, kept, name = '' } = follow
  const value = names.record(name)?.value
  const told = value === undefined ? 'no record' : `record ${names.record(name)?.sequence}`
  const pins = roots.pins().map(pin => keptAt(home, pin.cid))
  if (pins.join() !== (kept === undefined ? '' : keptAt(home, kept))) throw new Error('other pins')
  return `${told}, shows ${shownAt(home, cid)}, keeps ${keptAt(home, kept)}`
}

/** What came of a bundle. */
export function importedIn(home: BundleHome): string {
  const { names, roots, catalog } = home
  const pins = roots.pins().map(({ cid }) => keptAt(home, cid))
  const follows = names.follows().map(({ cid }) => keptAt(home, cid))
  const packages = catalog.get('npm/pad') === undefined ? 'no package' : 'a package'
  return `pins ${pins.join()}, names ${follows.join()}, ${packages}`
}
