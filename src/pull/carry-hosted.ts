import { CID } from 'multiformats/cid'
import type { Database } from '../base/database.ts'
import type { Digest } from '../base/digest.ts'
import { CairnError } from '../base/errors.ts'
import { parseDigest } from './carry.ts'

type Value = string | number | null
type Row = Readonly<Record<string, Value>>

/** A row of what was published or pushed here, as it travels to another machine: its CID as text. */
export interface HostedRow {
  readonly kind: 'hosted'
  readonly table: HostedTable
  readonly row: Row
}

/** Bytes that a row names, and what they are to be. */
export interface HostedBytes {
  readonly key: string
  readonly cid: CID
  readonly bytes: number
  readonly digests: readonly Digest[]
}

/** In the order in which they are taken; columns as the tables have them, and the one that a key is made of. */
const tables = {
  catalog_hosted: { columns: ['place', 'created_ms'], key: ['place', ''] },
  registry_repositories: { columns: ['name'], key: ['name', 'oci/'] },
  registry_blobs: {
    columns: ['repository', 'digest', 'cid', 'bytes', 'stored_ms'],
    key: ['repository', 'oci/']
  },
  registry_manifests: {
    columns: [
      ...['repository', 'digest', 'cid', 'bytes', 'stored_ms'],
      ...['media_type', 'subject', 'artifact_type', 'annotations']
    ],
    key: ['repository', 'oci/']
  },
  registry_tags: { columns: ['repository', 'tag', 'digest'], key: ['repository', 'oci/'] },
  registry_packages: {
    columns: ['name', 'revision', 'digest', 'cid', 'bytes', 'stored_ms'],
    key: ['name', 'npm/']
  },
  registry_tarballs: {
    columns: ['package', 'file', 'digest', 'cid', 'bytes', 'stored_ms'],
    key: ['package', 'npm/']
  }
} as const satisfies Readonly<
  Record<string, { columns: readonly string[]; key: readonly [string, string] }>
>

export type HostedTable = keyof typeof tables

const tableNames = Object.keys(tables) as HostedTable[]
const numbers: ReadonlySet<string> = new Set(['bytes', 'stored_ms', 'created_ms', 'revision'])
const optional: ReadonlySet<string> = new Set(['subject', 'artifact_type', 'annotations'])
/** No name, tag or file of any of the three is written with more. */
const names: ReadonlySet<string> = new Set([
  'place',
  'name',
  'repository',
  'tag',
  'package',
  'file'
])
const nameRule = /^[@\w][\w@./+~-]{0,254}$/

function keyOf({ table, row }: HostedRow): string {
  const [column, prefix] = tables[table].key
  return `${prefix}${row[column]}`
}

/** What was published at a key and below it; everything for ''. */
export function* hostedBelow(database: Database, prefix: string): Generator<HostedRow> {
  for (const table of tableNames) {
    const rows = database
      .statement(`SELECT * FROM ${table} ORDER BY ${tables[table].columns.slice(0, 2).join(', ')}`)
      .all()
    for (const each of rows) {
      const { cid } = each
      const row = (cid === undefined ? each : { ...each, cid: textOf(cid) }) as Row
      const hosted = { kind: 'hosted', table, row } as const
      const key = keyOf(hosted)
      if (prefix === '' || key === prefix || key.startsWith(`${prefix}/`)) yield hosted
    }
  }
}

function textOf(cid: unknown): string {
  return CID.decode(cid as Uint8Array).toString()
}

/** The bytes that a row names; undefined if it names none. */
export function bytesOfHosted(hosted: HostedRow): HostedBytes | undefined {
  const { cid, bytes, digest } = hosted.row
  if (cid === undefined) return undefined
  const digests = [parseDigest(String(digest))]
  return { key: keyOf(hosted), cid: CID.parse(String(cid)), bytes: Number(bytes), digests }
}

/** A row from outside. Throws `invalid`. */
export function checkHosted(table: unknown, row: unknown): HostedRow {
  const known = tableNames.find(each => each === table)
  if (known === undefined || typeof row !== 'object' || row === null) throw unreadable()
  const found = row as Record<string, unknown>
  const columns: readonly string[] = tables[known].columns
  const checked = columns.map(column => [column, checkValue(column, found[column])] as const)
  return { kind: 'hosted', table: known, row: Object.fromEntries(checked) }
}

function checkValue(column: string, value: unknown): Value {
  if (numbers.has(column)) {
    if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  } else if (value === null || value === undefined) {
    if (optional.has(column)) return null
  } else if (typeof value === 'string') {
    if (column === 'digest' || column === 'subject') return parseDigest(value)
    if (column === 'cid') return CID.parse(value).toString()
    if (column === 'annotations') return JSON.stringify(JSON.parse(value))
    if (!names.has(column) || nameRule.test(value)) return value
  }
  throw unreadable()
}

function unreadable(): CairnError {
  return new CairnError('invalid', 'an entry of what was published cannot be read')
}

/**
 * Inside a transaction, when the blocks are here: takes what was carried where nothing newer is held. A repository
 * and its blobs are added to; a tag moves to a manifest that was pushed later; a package is taken whole if it was
 * changed more often, and no file that is held would become another. How many rows were taken.
 */
export function takeHosted(database: Database, rows: readonly HostedRow[], nowMs: number): number {
  const files = Map.groupBy(
    rows.filter(({ table }) => table === 'registry_tarballs'),
    ({ row }) => row.package
  )
  let taken = 0
  for (const { table, row } of rows) {
    if (table === 'registry_tarballs') continue
    const now =
      row.stored_ms === undefined ? {} : { stored_ms: Math.min(Number(row.stored_ms), nowMs) }
    const past: Row = { ...row, ...now }
    if (table === 'registry_packages') {
      taken += takePackage(database, past, files.get(row.name) ?? [])
    } else if (table === 'registry_tags') taken += takeTag(database, past)
    else taken += insert(database, table, past, 'IGNORE')
  }
  return taken
}

function insert(
  database: Database,
  table: HostedTable,
  row: Row,
  or: 'IGNORE' | 'REPLACE'
): number {
  const { columns } = tables[table]
  const values = columns.map(column => {
    const value = row[column] ?? null
    return column === 'cid' ? CID.parse(String(value)).bytes : value
  })
  const sql = `INSERT OR ${or} INTO ${table} VALUES (${columns.map(() => '?').join(', ')})`
  return Number(database.statement(sql).run(...values).changes)
}

function takeTag(database: Database, row: Row): number {
  const pushedMs = (digest: Value | undefined) =>
    database
      .statement('SELECT stored_ms FROM registry_manifests WHERE repository = ? AND digest = ?')
      .get(row.repository ?? null, digest ?? null)?.stored_ms as number | undefined
  const held = database
    .statement('SELECT digest FROM registry_tags WHERE repository = ? AND tag = ?')
    .get(row.repository ?? null, row.tag ?? null)
  const carriedMs = pushedMs(row.digest)
  const heldMs = held === undefined ? -1 : (pushedMs(held.digest as string) ?? -1)
  if (carriedMs === undefined || carriedMs <= heldMs) return 0
  return insert(database, 'registry_tags', row, 'REPLACE')
}

function takePackage(database: Database, row: Row, files: readonly HostedRow[]): number {
  const name = row.name ?? null
  const held = database.statement('SELECT revision FROM registry_packages WHERE name = ?').get(name)
  if (held !== undefined && (held.revision as number) >= Number(row.revision)) return 0
  const digests = new Map(files.map(each => [each.row.file, each.row.digest]))
  const before = database
    .statement('SELECT file, digest FROM registry_tarballs WHERE package = ?')
    .all(name)
  const isOther = ({ file, digest }: (typeof before)[number]) =>
    (digests.get(file as string) ?? digest) !== digest
  if (before.some(isOther)) return 0
  database.statement('DELETE FROM registry_tarballs WHERE package = ?').run(name)
  for (const { table, row: file } of files) insert(database, table, file, 'REPLACE')
  return insert(database, 'registry_packages', row, 'REPLACE') + files.length
}
