import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import type { Test } from 'tap'
import { makeCid } from '../../src/base/blocks.ts'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { digestOf } from '../../src/base/digest.ts'
import { toName } from '../../src/base/names.ts'
import { exportBundle } from '../../src/bundle/export-bundle.ts'
import { importBundle } from '../../src/bundle/import-bundle.ts'
import { openContent } from '../../src/daemon/content.ts'
import { openNamesOf } from '../../src/daemon/open-names.ts'
import { openCatalog } from '../../src/pull/catalog.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'

const never = new AbortController().signal

/** A folder that goes when the test ends. */
export function scratch(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-bundle-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** One machine's home, opened. */
export function makeHome(t: Test, home = join(scratch(t), 'home')) {
  const content = openContent(home)
  let isOpen = true
  const close = () => {
    if (isOpen) content.close()
    isOpen = false
  }
  t.teardown(close)
  return {
    home,
    ...content,
    close,
    names: openNamesOf(content),
    catalog: openCatalog(content.database)
  }
}

export type BundleHome = ReturnType<typeof makeHome>

/** A folder of files, name → text. */
export function addFiles({ store }: BundleHome, files: Readonly<Record<string, string>>): CID {
  const writer = openUnixfsWriter(store, profiles['unixfs-v1-2025'])
  const links = Object.entries(files).map(([name, text]) => ({
    ...addFile(writer, text),
    name: toName(name)
  }))
  const { codec, multihash, cidVersion } = writer.directory(links)
  store.flush()
  return makeCid(codec, multihash, cidVersion)
}

function addFile(writer: ReturnType<typeof openUnixfsWriter>, text: string) {
  const file = writer.file()
  file.write(Buffer.from(text))
  return file.finish()
}

/** A package as the mirror holds it. */
export function addPackage({ store, catalog }: BundleHome, key: string, text: string, ms = 1000) {
  const writer = openUnixfsWriter(store, profiles['unixfs-v1-2025'])
  const { codec, multihash, cidVersion } = addFile(writer, text)
  store.flush()
  catalog.put({
    key,
    cid: makeCid(codec, multihash, cidVersion),
    bytes: text.length,
    mediaType: 'application/octet-stream',
    digests: [digestOf('sha256', Buffer.from(text))],
    etag: undefined,
    lastModified: undefined,
    storedMs: ms,
    validatedMs: ms,
    usedMs: ms
  })
}

type Wanted = Partial<Omit<Parameters<typeof exportBundle>[0], 'store' | 'folder'>>

export function exportFrom(home: BundleHome, folder: string, wanted: Wanted) {
  return exportBundle({
    ...home,
    clock: { nowMs: () => Date.UTC(2026, 10, 21) },
    folder,
    roots: [],
    names: [],
    packages: [],
    have: [],
    splitBytes: 2 ** 32,
    onProgress: () => {},
    signal: never,
    ...wanted
  })
}

export function importTo(home: BundleHome, folder: string, clock: Clock = systemClock) {
  return importBundle({ ...home, clock, folder, onProgress: () => {}, signal: never })
}

/** What a bundle is asked for a name. */
export function nameOf({ names }: BundleHome, which: string) {
  const shown = names.find(which)
  const record = names.record(shown?.name ?? '')
  if (shown?.place.cid === undefined || record === undefined) throw new Error(`no ${which}`)
  return { name: shown.name, cid: shown.place.cid.toString(), record: record.bytes }
}
