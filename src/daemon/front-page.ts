import { type Access, mayDo } from '../base/access.ts'
import { escapeXml } from '../base/escape-xml.ts'
import { homePaths } from '../base/home.ts'
import { pageHead } from '../base/plain-page.ts'
import { showBytes, showCount, showMoment } from '../base/show-units.ts'
import type { Status } from '../control/api.ts'

/** What a part of the daemon is called, and what there is to say of it; `link`: where it is, in this port. */
interface Row {
  readonly name: string
  readonly says: string
  readonly link?: string
}

interface Part {
  readonly title: string
  readonly rows: readonly Row[]
}

const style = `
td:first-child{width:9em;vertical-align:top}td{overflow-wrap:anywhere}
@media(max-width:40em){td{display:block}td:first-child{width:auto;font-weight:600}}`

/** The front page for a browser: the doors with their addresses, and to who may know it what runs. */
export function showAsPage(status: Status, access: Access): string {
  const parts = partsOf(status, access).map(
    ({ title, rows }) => `<h2>${title}</h2><table>${rows.map(showRow).join('')}</table>\n`
  )
  return `${pageHead(`Cairn ${status.version}`, { style })}\n${parts.join('')}</html>\n`
}

function showRow({ name, says, link }: Row): string {
  const text = escapeXml(says)
  if (link === undefined) return `<tr><td>${name}<td>${text}\n`
  return `<tr><td><a href="${escapeXml(link)}">${name}</a><td>${text}\n`
}

/** The same for a terminal. */
export function showAsText(status: Status, access: Access): string {
  const origin = access.user === undefined ? `http://${status.listen}` : ''
  const lines = partsOf(status, access).flatMap(({ rows }) => [
    '',
    ...rows.map(({ name, says, link }) => {
      const where = link === undefined ? [] : [`${origin}${link}`]
      return [name.padEnd(9), ...where, says].join(' ').trimEnd()
    })
  ])
  return `Cairn ${status.version}\n${lines.join('\n')}\n`
}

function partsOf(status: Status, access: Access): Part[] {
  const says = mayDo(access, 'write') ? 'files, to read and write' : 'files, to read'
  const drive = { name: 'drive', says, link: '/dav/mfs/' }
  const doors = access.root.length > 0 ? [drive] : [drive, ...doorsOf(status)]
  const parts = [{ title: 'Doors', rows: doors }]
  if (!mayDo(access, 'admin')) return parts
  return [...parts, { title: 'Here', rows: hereOf(status) }, { title: 'Now', rows: nowOf(status) }]
}

function doorsOf({ catalog, names }: Status): Row[] {
  const held = Object.entries(catalog.adapters).map(
    ([name, { items, bytes }]) => `${name} ${items} (${showBytes(bytes)})`
  )
  const { published, followed, stale } = names
  const old = stale === 0 ? '' : `, ${stale} stale`
  return [
    { name: 'packages', says: held.length === 0 ? 'none yet' : held.join(', '), link: '/dav/pkg/' },
    {
      name: 'names',
      says: `${published} published, ${followed} followed${old}`,
      link: '/dav/ipns/'
    },
    { name: 'content', says: 'by its CID: /ipfs/<cid>', link: '/dav/ipfs/' },
    { name: 'apt', says: 'at /apt/<name>/: cairn setup apt' },
    { name: 'npm', says: 'at /npm/: cairn setup npm' },
    { name: 'oci', says: 'at /v2/: cairn setup oci' }
  ]
}

function hereOf({ mounts, mfs, home, share, network }: Status): Row[] {
  const snapshot =
    mfs === undefined ? [] : [{ name: 'snapshot', says: mfs, link: `/dav/ipfs/${mfs}/` }]
  return [
    ...mounts.map(({ path, problem }) => ({
      name: 'mount',
      says: problem === undefined ? path : `${path} (not mounted: ${problem})`
    })),
    ...snapshot,
    { name: 'home', says: home },
    { name: 'control', says: homePaths(home).socket },
    {
      name: 'others',
      says: share === undefined ? 'this machine only' : `https://${share.listen}/`
    },
    { name: 'network', says: network }
  ]
}

function nowOf({ startedMs, memoryBytes, store, cache, pull }: Status): Row[] {
  const { blocks, bytes, segmentBytes } = store
  const budget = cache.budgetBytes === undefined ? '' : ` of ${showBytes(cache.budgetBytes)}`
  return [
    {
      name: 'running',
      says: `since ${showMoment(startedMs)}, ${showBytes(memoryBytes)} of memory`
    },
    {
      name: 'store',
      says: `${showCount(blocks, 'block')}, ${showBytes(bytes)} in ${showBytes(segmentBytes)} on the disk`
    },
    { name: 'cache', says: `${showBytes(cache.cachedBytes)}${budget}` },
    { name: 'fetching', says: showCount(pull.flights, 'download') },
    { name: 'metrics', says: 'for Prometheus', link: '/metrics' },
    { name: 'health', says: 'ok', link: '/healthz' }
  ]
}
