import { contentTypeOf } from '../base/content-type.ts'
import { escapeXml } from '../base/escape-xml.ts'
import { type Name, nameText } from '../base/names.ts'
import { fileType } from '../vfs/api.ts'
import type { Dav } from './api.ts'
import type { PropertyName } from './dead-properties.ts'
import { describeLocks } from './lock-xml.ts'
import { pathOf } from './path.ts'
import { isCollection, isInMfs, isType, type Resource } from './resource.ts'
import { syncToken } from './sync-token.ts'
import { modifiedMsOf, shownTagOf } from './validators.ts'
import { davSpace } from './xml.ts'

/** The content of a property's element as XML; undefined if the resource has no such property. */
export type LiveValue = (dav: Dav, resource: Resource) => string | undefined

const executableBits = 0o111

const supportedLock = ['exclusive', 'shared']
  .map(
    scope =>
      `<D:lockentry><D:lockscope><D:${scope}/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>`
  )
  .join('')

const collection: LiveValue = (_dav, resource) => (isCollection(resource) ? '<D:collection/>' : '')

const length: LiveValue = (_dav, resource) => {
  const file = fileOf(resource)
  return file === undefined ? undefined : String(file.attributes.size)
}

const contentType: LiveValue = (_dav, resource) =>
  fileOf(resource) === undefined ? undefined : contentTypeOf(resource.names.at(-1))

const lastModified: LiveValue = (dav, resource) =>
  resource.kind === 'folder' ? undefined : dav.dates.http(modifiedMsOf(resource.attributes))

/** No birth time is kept: the earlier of the times that are. */
const created: LiveValue = (dav, resource) => {
  if (resource.kind === 'folder') return undefined
  const { ctimeSeconds, mtimeSeconds } = resource.attributes
  return dav.dates.iso(Math.min(ctimeSeconds, mtimeSeconds) * 1000)
}

/** Quotes need no escape in content, and a tag has nothing else that would. */
const tag: LiveValue = shownTagOf

const displayName: LiveValue = (_dav, resource) =>
  escapeXml(nameText(resource.names.at(-1) ?? ('dav' as Name)))

const locked: LiveValue = (dav, resource) => {
  if (!isInMfs(dav, resource)) return undefined
  return describeLocks(dav, dav.locks.covering(pathOf(resource.names)))
}

const lockable: LiveValue = (dav, resource) => (isInMfs(dav, resource) ? supportedLock : undefined)

const executable: LiveValue = (_dav, resource) => {
  const file = fileOf(resource)
  if (file === undefined) return undefined
  return (file.attributes.mode & executableBits) === 0 ? 'F' : 'T'
}

const available: LiveValue = (dav, resource) => {
  if (!isInMfs(dav, resource)) return undefined
  const { blockBytes, freeBlocks } = dav.trees.mfs.statistics()
  return String(blockBytes * freeBlocks)
}

const used: LiveValue = (dav, resource) => {
  if (!isInMfs(dav, resource)) return undefined
  const { blockBytes, blocks, freeBlocks } = dav.trees.mfs.statistics()
  return String(blockBytes * (blocks - freeBlocks))
}

/** Every property this server keeps by itself: none may be set but `executable`. */
const values: Readonly<Record<string, LiveValue>> = {
  resourcetype: collection,
  getcontentlength: length,
  getcontenttype: contentType,
  getlastmodified: lastModified,
  creationdate: created,
  getetag: tag,
  displayname: displayName,
  supportedlock: lockable,
  lockdiscovery: locked
}

/** Of a folder that is sealed as it is: https://www.rfc-editor.org/rfc/rfc6578#section-4 */
const syncTokenNow: LiveValue = (dav, resource) => {
  if (resource.kind === 'folder' || !isCollection(resource)) return undefined
  if (resource.tree !== dav.trees.mfs) return undefined
  const { cid } = dav.trees.mfs.validators(resource.attributes)
  return cid === undefined ? undefined : syncToken(cid)
}

const reports: LiveValue = (dav, resource) => {
  if (!isCollection(resource) || !isInMfs(dav, resource)) return undefined
  return '<D:supported-report><D:report><D:sync-collection/></D:report></D:supported-report>'
}

/** Answered when asked for by name only: https://www.rfc-editor.org/rfc/rfc4331#section-2 */
const onRequest: Readonly<Record<string, LiveValue>> = {
  'quota-available-bytes': available,
  'quota-used-bytes': used,
  'sync-token': syncTokenNow,
  'supported-report-set': reports
}

/** The space of mod_dav's `executable`, which davfs2 reads and sets. */
export const apacheSpace = 'http://apache.org/dav/props/'

/** The names that an `allprop` lists. */
export const allLive = Object.keys(values)

export function isLive(space: string, name: string): boolean {
  if (space === apacheSpace) return name === 'executable'
  return space === davSpace && (Object.hasOwn(values, name) || Object.hasOwn(onRequest, name))
}

/** Undefined for what this server does not keep by itself. */
export function liveOf({ space, name }: PropertyName): LiveValue | undefined {
  if (!isLive(space, name)) return undefined
  return space === apacheSpace ? executable : (values[name] ?? onRequest[name])
}

function fileOf(resource: Resource) {
  if (resource.kind === 'folder') return undefined
  return isType(resource.attributes, fileType.regular) ? resource : undefined
}
