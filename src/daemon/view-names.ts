import type { CID } from 'multiformats/cid'
import type { Multihash } from '../base/blocks.ts'
import { CairnError } from '../base/errors.ts'
import { type Name, nameText, splitPath, toName } from '../base/names.ts'
import type { Names, Shown } from '../names/api.ts'
import { readIpnsName } from '../names/ipns-name.ts'
import { profiles } from '../unixfs/profiles.ts'
import { openUnixfsWriter } from '../unixfs/writer.ts'
import type { ContentLink } from '../vfs/frozen/content-link.ts'
import type { NamesView } from '../vfs/frozen/ipns-tree.ts'

/**
 * Names as the tree shows them: layers two and two meet here. What is published out of /mfs is a link to
 * where it lies, beside /ipns, so that whoever writes there writes the one file; a name and what it is
 * called here are both shown. `content`: own ones as what was published last, for a door that goes to /mfs by
 * itself. `visits`: names of keys that nobody follows are looked into too, but not listed.
 */
export function viewNames(
  names: Names,
  own: 'links' | 'content' = 'links',
  visits = false
): NamesView {
  const linkTo = ({ place }: Shown, as: string): ContentLink => {
    const name = toName(as)
    const isLink = place.kind === 'mfs' && own === 'links'
    if (isLink || place.cid === undefined) {
      const path = place.kind === 'mfs' ? place.path : ''
      return { ...symlinkTo(mfsPath(path)), name }
    }
    return { ...linkOf(place.cid), name }
  }
  return {
    find: name => {
      const text = nameText(name)
      const shown = names.find(text)
      if (shown !== undefined) return linkTo(shown, text)
      const visited = visits ? visitedName(names, text) : undefined
      return visited && { ...linkOf(visited), name }
    },
    list: () =>
      names.list().flatMap(shown => {
        const all = shown.alias === undefined ? [shown.name] : [shown.name, shown.alias]
        return all.map(as => linkTo(shown, as))
      })
  }
}

/**
 * Where the name of a key stands that nobody follows here, or undefined for other text: what programs look for in every
 * folder is asked of nobody. Throws `missing` if that is not known.
 */
export function visitedName(names: Pick<Names, 'visits'>, text: string): CID | undefined {
  const name = readIpnsName(text)
  if (name === undefined) return undefined
  const cid = names.visits.find(name)
  if (cid !== undefined) return cid
  const want = { kind: 'name', id: name } as const
  throw new CairnError('missing', `where ${name} stands is not known here`, { want })
}

function linkOf({ code, multihash, version }: CID): Omit<ContentLink, 'name'> {
  return { codec: code, multihash: multihash.bytes, cidVersion: version }
}

/** The names in /mfs that an own name is, or undefined if it is another, or none. */
export function namesInMfs(names: Names, name: Name): Name[] | undefined {
  const place = names.find(nameText(name))?.place
  return place?.kind === 'mfs' ? splitPath(place.path) : undefined
}

function mfsPath(path: string): string {
  return path === '' ? '../mfs' : `../mfs/${path}`
}

/** A symlink as a block that is its own hash: nothing need be stored. */
function symlinkTo(target: string): Omit<ContentLink, 'name'> {
  const writer = openUnixfsWriter(
    { add: identityMultihash, flush: () => {} },
    profiles['unixfs-v1-2025']
  )
  const { codec, multihash, cidVersion } = writer.symlink(Buffer.from(target, 'utf8'))
  return { codec, multihash, cidVersion }
}

/** https://github.com/multiformats/multihash: code 0, then the length as a varint. */
function identityMultihash(bytes: Uint8Array): Multihash {
  const { byteLength: length } = bytes
  const head = length < 128 ? [0, length] : [0, (length & 127) | 128, length >> 7]
  return Buffer.concat([Buffer.from(head), bytes])
}
