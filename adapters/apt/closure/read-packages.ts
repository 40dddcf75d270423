import { decompress } from '../decompress.ts'
import { textLines } from '../text-lines.ts'

/** A package of an index, and what it needs. */
export interface PackageEntry {
  readonly name: string
  readonly version: string
  /** From the archive's root. */
  readonly path: string
  /** Each group is satisfied by any one of its names. */
  readonly needs: ReadonlyArray<readonly string[]>
  readonly provides: readonly string[]
}

/** The packages of a Packages index, however it is compressed. */
export async function* readPackages(
  index: AsyncIterable<Uint8Array>
): AsyncGenerator<PackageEntry> {
  let fields = new Map<string, string>()
  for await (const batch of textLines(decompress(index))) {
    for (const line of batch) {
      if (line !== '' && line !== '\r') {
        const colon = line.indexOf(':')
        const name = line.slice(0, colon)
        if (wanted.has(name)) fields.set(name, line.slice(colon + 1).trim())
        continue
      }
      yield* entryOf(fields)
      fields = new Map()
    }
  }
  yield* entryOf(fields)
}

const wanted = new Set(['Package', 'Version', 'Filename', 'Depends', 'Pre-Depends', 'Provides'])

function* entryOf(fields: ReadonlyMap<string, string>): Generator<PackageEntry> {
  const [name, version, path] = ['Package', 'Version', 'Filename'].map(field => fields.get(field))
  if (name === undefined || version === undefined || path === undefined) return
  const needs = [fields.get('Pre-Depends'), fields.get('Depends')].flatMap(groupsOf)
  yield { name, version, path, needs, provides: groupsOf(fields.get('Provides')).flat() }
}

/** `a (>= 1) | b, c:any` is [[a, b], [c]]. */
function groupsOf(field: string | undefined): string[][] {
  if (field === undefined || field === '') return []
  return field
    .split(',')
    .map(group =>
      group.split('|').flatMap(each => /^[a-z0-9][a-z0-9+.-]*/.exec(each.trim())?.[0] ?? [])
    )
}
