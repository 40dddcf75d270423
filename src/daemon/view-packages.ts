import { CairnError } from '../base/errors.ts'
import type { Catalog } from '../pull/api.ts'
import { contradicts } from '../pull/decide.ts'
import { imageSuffix } from '../pull/image/unpack-image.ts'
import type { PackageView } from '../vfs/frozen/package-view.ts'

/**
 * The catalog as the package tree sees it: layers two and two meet here. An item that is known to be
 * other than its index names is not shown.
 */
export function viewPackages(
  catalog: Catalog,
  archiveSuffixes: readonly string[] = ['.deb', '.tgz', imageSuffix]
): PackageView {
  return {
    archiveSuffixes,
    list: prefix =>
      Array.from(catalog.list(prefix), ({ name, kind }) => ({
        name,
        kind: kind === 'item' ? ('file' as const) : ('directory' as const)
      })).filter(({ name }) => name !== '@next'),
    item: key => {
      const item = catalog.get(key)
      if (item === undefined || contradicts(catalog.expected(key), item.digests)) return undefined
      const { code, multihash } = item.cid
      return { codec: code, multihash: multihash.bytes, bytes: item.bytes }
    },
    unpacked: key => {
      const cid = catalog.unpacked(key)
      if (cid === undefined) {
        throw new CairnError('missing', `${key} is not unpacked yet`, {
          want: { kind: 'unpacked', id: key }
        })
      }
      const record = catalog.sideRecord(key)?.multihash.bytes
      return { codec: cid.code, multihash: cid.multihash.bytes, record }
    }
  }
}
