import { CairnError } from '../base/errors.ts'
import type { Catalog } from '../pull/api.ts'
import { contradicts } from '../pull/decide.ts'
import type { GrowingImage } from '../pull/image/growing-image.ts'
import { imageSuffix } from '../pull/image/unpack-image.ts'
import type { GrowingContents, PackageView } from '../vfs/frozen/package-view.ts'

/**
 * The catalog as the package tree sees it: layers two and two meet here. An item that is known to be
 * other than its index names is not shown. Only the thread that unpacks knows what is `growing`.
 */
export function viewPackages(
  catalog: Catalog,
  growing: (key: string) => GrowingImage | undefined = () => undefined
): PackageView {
  return {
    archiveSuffixes: ['.deb', '.tgz', imageSuffix],
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
      if (cid === undefined) return growingContents(key, growing(key))
      const contents = { codec: cid.code, multihash: cid.multihash.bytes }
      const archive = key.endsWith(imageSuffix) ? catalog.get(key)?.cid : undefined
      if (archive === undefined) return contents
      const record = catalog.sideRecord(key)?.multihash.bytes
      return { ...contents, record, image: archive.multihash.bytes }
    }
  }
}

function growingContents(key: string, growing: GrowingImage | undefined): GrowingContents {
  if (growing === undefined) {
    const message = `${key} is not unpacked yet`
    throw new CairnError('missing', message, { want: { kind: 'unpacked', id: key } })
  }
  return {
    image: growing.archive.multihash.bytes,
    find: path => growing.find(path),
    list: path => growing.list(path)
  }
}
