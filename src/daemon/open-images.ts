import { ociAdapter } from '../../adapters/oci/adapter.ts'
import { readManifest } from '../../adapters/oci/manifest.ts'
import { platformFor } from '../../adapters/oci/platform.ts'
import { readLayerIndex } from '../../adapters/oci/read-layer-index.ts'
import { unpackLayer } from '../../adapters/oci/unpack-layer.ts'
import type { Digest } from '../base/digest.ts'
import { CairnError } from '../base/errors.ts'
import type { Upstream } from '../pull/adapter.ts'
import type { Catalog, FetchUpstream, Pull } from '../pull/api.ts'
import { BufferPool } from '../pull/buffers.ts'
import { fetchRange } from '../pull/fetch-range.ts'
import {
  type ImageDocument,
  type ImageUnpacking,
  openImageUnpacking
} from '../pull/image/unpack-image.ts'
import type { Repositories } from '../pull/registry/api.ts'
import { readStored, type StoredFile } from '../pull/stored-body.ts'
import type { UnixfsWriter } from '../unixfs/api.ts'
import type { Content } from './content.ts'

export interface ImagesOptions {
  readonly content: Content
  readonly catalog: Catalog
  readonly writer: UnixfsWriter
  readonly pull: Pull
  readonly repositories: Repositories
  readonly upstreams: () => Readonly<Record<string, Upstream>>
  /** With what each registry wants to be asked by. */
  readonly fetchUpstream: FetchUpstream
}

/** Root filesystems of images that were pushed or pulled here, for the mount. */
export function openImages(options: ImagesOptions): ImageUnpacking {
  const { content, catalog, writer } = options
  const buffers = new BufferPool()
  return openImageUnpacking({
    catalog,
    reader: content.reader,
    blocks: content.store,
    writer,
    readDocument,
    unpackLayer,
    readIndex: (key, layer, signal) =>
      readLayerIndex(layer, (start, end) => {
        const held = heldPart(options, key, 'blobs', layer.digest)
        if (held !== undefined) return readStored(content.reader, held, buffers, { start, end })
        const wanted = wantedPart(options, key, 'blobs', layer.digest)
        return fetchRange(options.fetchUpstream, wanted, { start, end }, signal)
      }),
    openPart: async (key, kind, digest, signal) => {
      const held = heldPart(options, key, kind, digest)
      if (held !== undefined) return readStored(content.reader, held, buffers)
      return (await options.pull.fetch(wantedPart(options, key, kind, digest), { signal })).body()
    }
  })
}

function readDocument(bytes: Uint8Array): ImageDocument {
  const { manifests, layers } = readManifest(bytes)
  if (manifests.length === 0) return { manifest: undefined, layers }
  return { manifest: platformFor(manifests, process.arch), layers }
}

/** `oci/<name>/<tag>/rootfs.oci`: the name may have an upstream before it. */
function nameOf(key: string): string {
  return key.split('/').slice(1, -2).join('/')
}

function heldPart(
  { catalog, content, repositories }: ImagesOptions,
  key: string,
  kind: 'manifests' | 'blobs',
  digest: Digest
): StoredFile | undefined {
  const hosted =
    kind === 'blobs'
      ? repositories.blob(nameOf(key), digest)
      : repositories.manifest(nameOf(key), { digest })
  const held = hosted ?? catalog.byDigest(digest)
  return held !== undefined && content.store.size(held.cid.multihash.bytes) !== undefined
    ? held
    : undefined
}

function wantedPart(
  { upstreams }: ImagesOptions,
  key: string,
  kind: 'manifests' | 'blobs',
  digest: Digest
) {
  const path = `${nameOf(key)}/${kind}/${digest}`
  const wanted = ociAdapter.classify({ path, headers: {}, upstreams: upstreams() })
  if (wanted !== undefined) return wanted
  throw new CairnError('not-found', `${digest} is not held, and ${nameOf(key)} is of no upstream`)
}
