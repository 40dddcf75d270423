import { answerEmpty } from './answer.ts'
import type { Exchange } from './api.ts'
import { commit } from './commit.ts'
import { checkLocks } from './locks.ts'
import { type DavPath, isBelow } from './path.ts'
import { refuse } from './refuse.ts'
import { find, type NodeResource, walk } from './resource.ts'
import { checkConditions, destinationOf } from './validators.ts'
import { type Place, placeOf } from './writable.ts'

type Act = (source: NodeResource, to: Place, tokens: ReadonlySet<string>) => void

/** In one transaction: what stood at the destination goes, and `act` puts the source there. */
export async function transfer(
  exchange: Exchange,
  last: 'followed' | 'itself',
  act: Act
): Promise<void> {
  const { response } = exchange
  const destination = destinationOf(exchange)
  checkApart(exchange.path, destination)
  const replaced = await commit(exchange, () => transferNow(exchange, destination, last, act))
  answerEmpty(response, replaced ? 204 : 201)
}

function checkApart(source: DavPath, destination: DavPath): void {
  if (isBelow(source, destination) || isBelow(destination, source)) {
    throw refuse(403, 'source and destination must not be the same, nor one within the other')
  }
}

function transferNow(
  exchange: Exchange,
  destination: DavPath,
  last: 'followed' | 'itself',
  act: Act
): boolean {
  const { dav, hold, path } = exchange
  const mayReplace = overwrite(exchange)
  const source = walk(dav, hold, path, last)
  const tokens = checkConditions(exchange, source)
  const place = placeOf(dav, hold, destination)
  if (source.kind === 'folder') throw refuse(403, 'the folder /dav cannot be copied or moved')
  const standing = find(dav, hold, destination, 'itself')
  if (standing !== undefined && !mayReplace) {
    throw refuse(412, 'the destination is there, and Overwrite is F')
  }
  checkLocks(dav.locks, tokens, { path: destination, member: true, tree: true })
  if (standing !== undefined) place.tree.removeTree(place.parent.ino, place.name)
  act(source, place, tokens)
  return standing !== undefined
}

function overwrite({ request }: Exchange): boolean {
  const text = String(request.headers.overwrite ?? 'T').toUpperCase()
  if (text === 'T' || text === 'F') return text === 'T'
  throw refuse(400, 'Overwrite is T or F')
}
