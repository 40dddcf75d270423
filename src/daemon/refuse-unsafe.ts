import { realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { CairnError } from '../base/errors.ts'
import { isLoopback, showAddress } from './listen-address.ts'
import type { Settings } from './settings.ts'
import { treeNames } from './tree-names.ts'

/**
 * Refuses what a daemon must not, or cannot, do: listen for other machines without authentication,
 * mount within its own home or have its home within a mount. Throws `usage`.
 */
export function refuseUnsafe(settings: Settings): void {
  refuseNested(settings)
  if (!isLoopback(settings.listen.host)) {
    throw new CairnError(
      'usage',
      `listen on ${showAddress(settings.listen)}: other machines would reach it, and nobody is ` +
        'asked for a password there; listen on 127.0.0.1 or ::1, and share with other machines'
    )
  }
}

/** A home below its own mount would wait for itself; a mount below the home would stand among its files. */
function refuseNested({ home, mount }: Pick<Settings, 'home' | 'mount'>): void {
  if (mount === undefined) return
  const place = resolvePlace(home)
  const folder = resolvePlace(mount)
  const below = treeNames.find(name => isWithin(place, join(folder, name)))
  if (!isWithin(folder, place) && below === undefined) return
  throw new CairnError(
    'usage',
    `mount ${mount} and home ${home}: one lies within the other; choose another mount folder, or none`
  )
}

function isWithin(path: string, folder: string): boolean {
  return `${path}/`.startsWith(`${folder}/`)
}

/** The path without links, as far as it is there. */
function resolvePlace(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    const above = dirname(path)
    return above === path ? path : join(resolvePlace(above), basename(path))
  }
}
