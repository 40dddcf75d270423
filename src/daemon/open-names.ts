import { resolve } from 'node:path'
import type { CID } from 'multiformats/cid'
import { makeCid } from '../base/blocks.ts'
import { systemClock } from '../base/clock.ts'
import { CairnError } from '../base/errors.ts'
import { type Name, splitPath } from '../base/names.ts'
import type { Names } from '../names/api.ts'
import { openNames } from '../names/open.ts'
import { readSealingSecret } from '../names/sealing-secret.ts'
import type { UnixfsReader } from '../unixfs/api.ts'
import { type Content, mfsRootName } from './content.ts'
import type { Settings } from './settings.ts'

/** The names of a home, over its content. */
export function openNamesOf(
  { database, roots, paths }: Pick<Content, 'database' | 'roots' | 'paths'>,
  settings: Partial<Pick<Settings, 'keyPassphraseFile'>> = {}
): Names {
  const { keyPassphraseFile: file } = settings
  const passphraseFile = file === undefined ? undefined : resolve(paths.home, file)
  return openNames({
    database,
    roots,
    clock: systemClock,
    secret: () => readSealingSecret(paths.keySecret, passphraseFile)
  })
}

/** Paths of /mfs that are published anew with every seal. */
export function publishedPaths(names: Names): Name[][] {
  return names.publications().flatMap(({ path }) => (path === undefined ? [] : [splitPath(path)]))
}

/** The CID of a path of /mfs as it was sealed last, or undefined where there is nothing. */
export function cidInMfs(
  { roots, reader }: Pick<Content, 'roots' | 'reader'>,
  path: string
): CID | undefined {
  const root = roots.get(mfsRootName)?.cid
  return root === undefined ? undefined : cidBelow(reader, root, path)
}

function cidBelow(reader: UnixfsReader, root: CID, path: string): CID | undefined {
  let at = root
  try {
    for (const name of splitPath(path)) {
      const link = reader.lookup(at.code, at.multihash.bytes, name)
      if (link === undefined) return undefined
      at = makeCid(link.codec, link.multihash, link.cidVersion)
    }
    return at
  } catch (cause) {
    if (cause instanceof CairnError && cause.code === 'not-directory') return undefined
    throw cause
  }
}
