import { type Edited, type Editor, emptyPackument } from '../../../adapters/npm/edit-packument.ts'
import { packumentKey, tarballKey, usualFile } from '../../../adapters/npm/package-path.ts'
import type { JsonObject } from '../../../adapters/npm/packument.ts'
import { digestOf } from '../../base/digest.ts'
import { CairnError, toCairnError } from '../../base/errors.ts'
import type { Classification } from '../../pull/adapter.ts'
import type { Catalog } from '../../pull/api.ts'
import { BufferPool } from '../../pull/buffers.ts'
import type { HostedContent } from '../../pull/registry/api.ts'
import { readStored } from '../../pull/stored-body.ts'
import { whoIs } from './account.ts'
import { type Call, gather } from './call.ts'

/** Hosted packages lie in the catalog where those of the main upstream do. */
const prefix = 'npm/'

/** Tries of a change that others come between. */
const attempts = 8

export function unpublished({ registries }: Pick<Call, 'registries'>, name: string): CairnError {
  const isSetUp = Object.keys(registries.upstreams).length > 0
  const advice = isSetUp
    ? `${name} is hosted here and not published`
    : `${name} is not published here, and no npm registry is configured: run cairn setup npm, or set npm: upstream in config.yaml`
  return new CairnError('not-found', advice)
}

/** A hosted package's packument. */
export async function hostedPackument(
  { options }: Call,
  name: string
): Promise<JsonObject | undefined> {
  const held = options.packages.document(name)
  return held === undefined ? undefined : await parse(options, held)
}

async function parse({ reader }: Call['options'], held: HostedContent): Promise<JsonObject> {
  const bytes = await gather(readStored(reader, held, new BufferPool()))
  return JSON.parse(bytes.toString('utf8'))
}

/** The packument as an item of the catalog, of which forms are made as of an upstream's. */
export function hostedSource({ options }: Call, name: string): Classification | undefined {
  const held = options.packages.document(name)
  if (held === undefined) return undefined
  const key = packumentKey(prefix, name, 'hosted.json')
  const mediaType = 'application/json'
  if (options.catalog.get(key)?.digests[0] !== held.digest) {
    putItem(options.catalog, key, held, mediaType, [held.digest])
  }
  return {
    key,
    url: `hosted:${encodeURIComponent(name)}`,
    freshness: { kind: 'immutable' },
    mediaType
  }
}

/**
 * Changes a hosted package, all of it or nothing. The edit is made anew if another change comes between;
 * `revision` is the one it must be made of, if any. Throws what `edit` throws, and `conflict`.
 */
export async function changeHosted(
  asked: Call,
  name: string,
  edit: (current: JsonObject, editor: Editor) => Edited,
  revision?: number
): Promise<JsonObject> {
  const { options } = asked
  for (let attempt = 1; ; attempt++) {
    const held = options.packages.document(name)
    const now = held?.revision ?? 0
    if (revision !== undefined && revision !== now) {
      throw new CairnError('conflict', `${name} was changed meanwhile: read it again`)
    }
    const current = held === undefined ? emptyPackument(name) : await parse(options, held)
    const editor = { user: whoIs(asked), now: new Date(options.clock.nowMs()).toISOString() }
    const edited = edit(current, editor)
    try {
      write(asked, name, now, edited)
      return edited.document
    } catch (cause) {
      if (toCairnError(cause).code !== 'conflict' || attempt === attempts) throw cause
    }
  }
}

function write(
  asked: Call,
  name: string,
  revision: number,
  { document, added, removed }: Edited
): void {
  const { packages, catalog } = asked.options
  const marked = { ...document, _rev: `${revision + 1}-cairn` }
  packages.change(name, {
    revision,
    document: Buffer.from(JSON.stringify(marked)),
    added: added.map(({ file, tarball }) => ({ file, bytes: tarball.bytes })),
    removed: removed.map(version => usualFile(name, version))
  })
  if (revision === 0) forgetMirrored(asked, name)
  for (const { file, tarball } of added) {
    const held = packages.tarball(name, file)
    if (held === undefined) continue
    const digests = [held.digest, digestOf('sha512', tarball.bytes)]
    putItem(catalog, tarballKey(prefix, name, file), held, 'application/octet-stream', digests)
  }
  for (const version of removed) catalog.remove(tarballKey(prefix, name, usualFile(name, version)))
}

/** What an upstream said of this name is nothing to it any more. */
function forgetMirrored({ options }: Call, name: string): void {
  const { catalog, clock } = options
  for (const { key } of [...catalog.items(`${prefix}${name}/`)]) catalog.remove(key)
  const nothing = digestOf('sha256', new Uint8Array())
  catalog.learn(`${prefix}${name}/packument`, { digest: nothing, learntMs: clock.nowMs() }).commit()
}

function putItem(
  catalog: Catalog,
  key: string,
  { cid, bytes, storedMs }: HostedContent,
  mediaType: string,
  digests: HostedContent['digest'][]
): void {
  const times = { storedMs, validatedMs: storedMs, usedMs: storedMs }
  catalog.put({
    key,
    cid,
    bytes,
    mediaType,
    digests,
    etag: undefined,
    lastModified: undefined,
    ...times
  })
}

/** The revision in `_rev`, which is `<number>-…`. */
export function revisionOf(text: string): number {
  const [, number] = /^(\d{1,12})-/.exec(text) ?? []
  if (number === undefined)
    throw new CairnError('conflict', 'the revision is none of this registry')
  return Number(number)
}
