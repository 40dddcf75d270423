/** The layer of each folder, DESIGN.md's table: imports go downward only, never sideways. */
const levels: Readonly<Record<string, number>> = {
  'src/base': 0,
  'src/access': 1,
  'src/store': 1,
  'src/unixfs': 1,
  'src/roots': 1,
  'src/net': 1,
  'src/vfs': 2,
  'src/pull': 2,
  'src/ingest': 2,
  'src/names': 2,
  'adapters/apt': 2,
  'adapters/npm': 2,
  'adapters/oci': 2,
  'src/fuse': 3,
  'src/webdav': 3,
  'src/mirror': 3,
  'src/gateway': 3,
  'src/control': 3,
  'src/bundle': 3,
  'src/daemon': 4,
  'src/cli': 4
}

/** What an adapter sees of `src`. */
const adapterSees = /^src\/(base\/|pull\/adapter\.ts$)/

export function areaOf(path: string): string {
  return path.split('/').slice(0, 2).join('/')
}

/**
 * Why a module may not import another, or undefined if it may. One pair is ordered though it shares
 * a layer: `cairn start` becomes the daemon, so cli sees daemon, never the other way.
 */
export function layerFault(importer: string, imported: string): string | undefined {
  const from = areaOf(importer)
  const to = areaOf(imported)
  if (from === to) return undefined
  const above = levels[from]
  const below = levels[to]
  if (above === undefined) return `${importer}: the folder ${from} has no layer`
  if (below === undefined) return `${importer} imports ${imported}: the folder ${to} has no layer`
  if (importer.startsWith('src/cli/') && imported.startsWith('src/daemon/')) return undefined
  if (from.startsWith('adapters/') && !adapterSees.test(imported)) {
    return `${importer} imports ${imported}: an adapter sees src/pull/adapter.ts and src/base only`
  }
  const seam = from.startsWith('adapters/') && imported === 'src/pull/adapter.ts'
  if (below < above || seam) return undefined
  const way = below === above ? 'sideways' : 'upward'
  return `${importer} (layer ${above}) imports ${way}: ${imported} (layer ${below})`
}
