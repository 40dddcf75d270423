import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { cidFromText } from '../base/cid-text.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { readIpnsName } from '../names/ipns-name.ts'
import type { BundleFile, BundleIndex, BundleName, BundleRoot } from './api.ts'

export const indexFile = 'index.json'
/** A hundred thousand packages that the other side has are 6 MiB. */
const indexBytes = 256 * 1024 * 1024

export function encodeIndex(index: BundleIndex): Uint8Array {
  const names = index.names.map(({ record, ...name }) => ({
    ...name,
    record: Buffer.from(record).toString('base64')
  }))
  return Buffer.from(`${JSON.stringify({ ...index, names }, undefined, 1)}\n`)
}

/** Reads a bundle's index. Throws `not-found` if the bundle was not finished, `invalid` for what is none. */
export function readIndex(folder: string): BundleIndex {
  const path = join(folder, indexFile)
  try {
    if (statSync(path).size > indexBytes) throw refuse(path, 'is too long')
    return parseIndex(readFileSync(path, 'utf8'), path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new CairnError(
        'not-found',
        `${folder} has no ${indexFile}: it is no bundle, or its export did not end`
      )
    }
    throw toCairnError(cause, `cannot read ${path}`)
  }
}

/** As `readIndex`, of text at hand; `path` is for messages. */
export function parseIndex(text: string, path: string): BundleIndex {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refuse(path, 'is no JSON: copy it again')
  }
  const { version, createdMs, roots, names, cars, catalog, holds } = fieldsOf(value, path)
  if (version !== 1) throw refuse(path, `is of version ${JSON.stringify(version)}: update Cairn`)
  return {
    version,
    createdMs: numberOf(createdMs, path),
    roots: listOf(roots, path).map(each => parseRoot(each, path)),
    names: listOf(names, path).map(each => parseName(each, path)),
    cars: listOf(cars, path).map(each => parseFile(each, path)),
    catalog: catalog === undefined ? undefined : parseCatalog(catalog, path),
    holds: listOf(holds, path).map(each => cidOf(each, path))
  }
}

function parseRoot(value: unknown, path: string): BundleRoot {
  const { label, cid } = fieldsOf(value, path)
  return { label: textOf(label, path), cid: cidOf(cid, path) }
}

function parseName(value: unknown, path: string): BundleName {
  const { name, cid, record } = fieldsOf(value, path)
  const known = readIpnsName(textOf(name, path))
  if (known === undefined) throw refuse(path, 'names something that is no key')
  return {
    name: known,
    cid: cidOf(cid, path),
    record: Buffer.from(textOf(record, path), 'base64')
  }
}

function parseCatalog(value: unknown, path: string): BundleFile & { entries: number } {
  return { ...parseFile(value, path), entries: numberOf(fieldsOf(value, path).entries, path) }
}

/** A file of the folder itself: a name with a slash could be anything of the machine. */
function parseFile(value: unknown, path: string): BundleFile {
  const { file, bytes, sha256 } = fieldsOf(value, path)
  const name = textOf(file, path)
  const digest = textOf(sha256, path)
  if (!/^[\w-]+(\.[\w-]+)*$/.test(name)) throw refuse(path, 'names a file outside of the bundle')
  if (!/^[0-9a-f]{64}$/.test(digest)) throw refuse(path, 'has a digest that is none')
  return { file: name, bytes: numberOf(bytes, path), sha256: digest }
}

function fieldsOf(value: unknown, path: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw refuse(path, 'is not the index of a bundle')
}

function listOf(value: unknown, path: string): unknown[] {
  if (Array.isArray(value)) return value
  throw refuse(path, 'lacks a list')
}

function textOf(value: unknown, path: string): string {
  if (typeof value === 'string') return value
  throw refuse(path, 'lacks a text')
}

function numberOf(value: unknown, path: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  throw refuse(path, 'lacks a number')
}

function cidOf(value: unknown, path: string): string {
  const text = textOf(value, path)
  if (cidFromText(text) !== undefined) return text
  throw refuse(path, `has ${JSON.stringify(text.slice(0, 80))} where a CID is to be`)
}

function refuse(path: string, why: string): CairnError {
  return new CairnError('invalid', `${path} ${why}`)
}
