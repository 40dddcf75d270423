import { mainUpstream } from '../../adapters/npm/classify.ts'
import type { Catalog, CatalogItem } from '../pull/api.ts'
import { isPrivateHost } from '../pull/fetch-upstream.ts'
import type { Settings } from './settings.ts'

type Upstreams = Pick<
  Settings,
  'aptUpstreams' | 'npmUpstream' | 'npmUpstreams' | 'ociUpstreams' | 'peersPackages'
>

/** What may be told to peers, and given to them. */
export interface PublicPackages {
  /** Whether a key is of an upstream that everybody can ask: peers may hear that it is wanted. */
  isPublicKey: (key: string) => boolean
  /** Whether an item is what such an upstream has: its index, or its own name, says this digest. */
  isPublicItem: (item: CatalogItem) => boolean
}

/**
 * An upstream is public if it is asked without a password or token and is not at a private address, or
 * if the settings say so. What is published here is not: it can have the place of a public package, but
 * no upstream's index names its bytes.
 */
export function publicPackages(
  settings: () => Upstreams,
  catalog: Pick<Catalog, 'expected'>
): PublicPackages {
  const isPublicKey = (key: string): boolean => {
    const place = placeOf(key)
    if (place === undefined) return false
    const upstream = upstreamAt(settings(), place)
    if (upstream === undefined) return false
    return (
      settings().peersPackages.includes(place.text) || (upstream.open && isPublicUrl(upstream.url))
    )
  }
  return {
    isPublicKey,
    isPublicItem: ({ key, digests }) => {
      if (!isPublicKey(key)) return false
      if (key.startsWith('oci/')) return digests.some(digest => key.endsWith(`/${digest}`))
      const expected = catalog.expected(key)
      return expected !== undefined && digests.includes(expected.digest)
    }
  }
}

interface PackagePlace {
  readonly kind: 'apt' | 'npm' | 'oci'
  readonly name: string
  /** As the settings name it: `apt/debian`, `npm`, `npm/+work`, `oci/hub`. */
  readonly text: string
}

function placeOf(key: string): PackagePlace | undefined {
  const [kind, first = ''] = key.split('/', 2)
  if (kind === 'apt' || kind === 'oci') return { kind, name: first, text: `${kind}/${first}` }
  if (kind !== 'npm') return undefined
  if (!first.startsWith('+')) return { kind, name: mainUpstream, text: 'npm' }
  return { kind, name: first.slice(1), text: `npm/${first}` }
}

function upstreamAt(
  { aptUpstreams, npmUpstream, npmUpstreams, ociUpstreams }: Upstreams,
  { kind, name }: PackagePlace
): { readonly url: string; readonly open: boolean } | undefined {
  if (kind === 'apt') return asOpen(own(aptUpstreams, name), () => true)
  if (kind === 'oci') {
    return asOpen(own(ociUpstreams, name), ({ credentials }) => credentials === undefined)
  }
  const npm = name === mainUpstream ? npmUpstream : own(npmUpstreams, name)
  return asOpen(npm, ({ authorization }) => authorization === undefined)
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}

function asOpen<T extends { readonly url: string }>(
  upstream: T | undefined,
  isOpen: (upstream: T) => boolean
): { url: string; open: boolean } | undefined {
  return upstream === undefined ? undefined : { url: upstream.url, open: isOpen(upstream) }
}

function isPublicUrl(text: string): boolean {
  const { hostname, username, password } = new URL(text)
  return username === '' && password === '' && !isPrivateHost(hostname)
}
