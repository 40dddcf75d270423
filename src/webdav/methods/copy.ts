import { cidFromText } from '../../base/cid-text.ts'
import { complete } from '../../base/complete.ts'
import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { Exchange, Method } from '../api.ts'
import { depthOf } from '../depth.ts'
import { refuse } from '../refuse.ts'
import { find, isCollection, type NodeResource } from '../resource.ts'
import { transfer } from '../transfer.ts'
import type { Place } from '../writable.ts'

/**
 * A copy shares content, from `/dav/ipfs` and `/dav/pkg` too: https://www.rfc-editor.org/rfc/rfc4918#section-9.8
 */
export const copy: Method = async exchange => {
  const { dav, hold, signal } = exchange
  const depth = depthOf(exchange)
  if (depth === '1') throw refuse(400, 'COPY is of depth 0 or infinity')
  const members = depth === 'infinity'
  if (members && (await complete(dav, signal, () => isUnsealed(exchange)))) {
    await dav.trees.mfs.seal({ signal })
  }
  await transfer(exchange, 'followed', (source, place) => {
    const copyNow = source.tree === dav.trees.mfs ? cloned : grafted
    hold.keep(place.tree, copyNow(exchange, source, place, members))
  })
}

function cloned(
  { dav }: Exchange,
  { attributes }: NodeResource,
  { parent, name, tree }: Place,
  members: boolean
) {
  const { owner: caller, properties } = dav
  const carry = {
    has: (ino: number) => properties.has(ino),
    copy: (from: number, to: number) => properties.copy(from, to)
  }
  return tree.clone(attributes.ino, parent.ino, name, { caller, members, carry })
}

/** Of what is the content of a CID, that. */
function grafted(
  { dav }: Exchange,
  source: NodeResource,
  { parent, name, tree }: Place,
  members: boolean
) {
  if (isCollection(source) && !members) {
    return tree.makeDirectory(parent.ino, name, 0o755, dav.owner)
  }
  return tree.graft(cidOf(source), parent.ino, name, dav.owner)
}

function cidOf({ tree, attributes }: NodeResource) {
  const text = Buffer.from(xattrOf(tree, attributes.ino)).toString('latin1')
  const cid = cidFromText(text)
  if (cid === undefined) throw new CairnError('corrupt', `${text} is not the CID of what it names`)
  return cid
}

function xattrOf(tree: NodeResource['tree'], ino: number): Uint8Array {
  try {
    return tree.xattr(ino, 'user.cairn.cid')
  } catch (error) {
    if (!(error instanceof CairnError) || error.code !== 'no-attribute') throw error
    throw refuse(403, 'this folder is a view, not the content of a CID: copy what is in it')
  }
}

/** Copying many drafts, or a long one, costs more than to seal them, which has to be done anyway. */
function isUnsealed({ dav, hold, path }: Exchange): boolean {
  const { mfs } = dav.trees
  const source = find(dav, hold, path)
  if (source?.kind !== 'node' || source.tree !== mfs) return false
  const small = !isCollection(source) && source.attributes.size <= limits.davCopyBytes
  return !small && mfs.validators(source.attributes).cid === undefined
}
