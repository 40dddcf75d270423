import { CID } from 'multiformats/cid'
import { type BlockWriter, makeCid } from '../../base/blocks.ts'
import type { Clock } from '../../base/clock.ts'
import type { Database } from '../../base/database.ts'
import type { Digest } from '../../base/digest.ts'
import type { UnixfsWriter } from '../../unixfs/api.ts'
import type {
  HostedContent,
  HostedManifest,
  ManifestFacts,
  Page,
  Reference,
  Repositories
} from './api.ts'

export interface RepositoriesOptions {
  /** `registryMigrations` have run. */
  readonly database: Database
  readonly blocks: BlockWriter
  readonly writer: UnixfsWriter
  readonly clock: Clock
}

export function openRepositories(options: RepositoriesOptions): Repositories {
  return new DatabaseRepositories(options)
}

type Row = Record<string, unknown>
type Value = string | number | Uint8Array | null

const contentColumns = 'digest, cid, bytes, stored_ms AS storedMs'
const manifestColumns = `${contentColumns}, media_type AS mediaType, subject, artifact_type AS artifactType, annotations`

class DatabaseRepositories implements Repositories {
  readonly #options: RepositoriesOptions
  readonly #database: Database

  constructor(options: RepositoriesOptions) {
    this.#options = options
    this.#database = options.database
  }

  #get(sql: string, ...values: Value[]): Row | undefined {
    return this.#database.statement(sql).get(...values)
  }

  #all(sql: string, ...values: Value[]): Row[] {
    return this.#database.statement(sql).all(...values)
  }

  #run(sql: string, ...values: Value[]): boolean {
    return Number(this.#database.statement(sql).run(...values).changes) > 0
  }

  has(name: string): boolean {
    return this.#get('SELECT 1 FROM registry_repositories WHERE name = ?', name) !== undefined
  }

  names({ last, count }: Page): string[] {
    const rows = this.#all(
      'SELECT name FROM registry_repositories WHERE name > ? ORDER BY name LIMIT ?',
      last,
      count
    )
    return rows.map(row => row.name as string)
  }

  tags(name: string, { last, count }: Page): string[] {
    const rows = this.#all(
      'SELECT tag FROM registry_tags WHERE repository = ? AND tag > ? ORDER BY tag LIMIT ?',
      name,
      last,
      count
    )
    return rows.map(row => row.tag as string)
  }

  tagsOf(name: string, digest: Digest): string[] {
    const sql = 'SELECT tag FROM registry_tags WHERE repository = ? AND digest = ?'
    return this.#all(sql, name, digest).map(row => row.tag as string)
  }

  blob(name: string, digest: Digest): HostedContent | undefined {
    return this.anyBlob(digest, name)
  }

  anyBlob(digest: Digest, from?: string): HostedContent | undefined {
    const row =
      from === undefined
        ? this.#get(`SELECT ${contentColumns} FROM registry_blobs WHERE digest = ? LIMIT 1`, digest)
        : this.#get(
            `SELECT ${contentColumns} FROM registry_blobs WHERE repository = ? AND digest = ?`,
            from,
            digest
          )
    return row === undefined ? undefined : contentOf(row)
  }

  addBlob(
    name: string,
    digest: Digest,
    { cid, bytes }: Pick<HostedContent, 'cid' | 'bytes'>
  ): void {
    const nowMs = this.#options.clock.nowMs()
    this.#database.write(() => {
      this.#run('INSERT OR IGNORE INTO registry_repositories VALUES (?)', name)
      this.#run(
        'INSERT OR REPLACE INTO registry_blobs VALUES (?, ?, ?, ?, ?)',
        name,
        digest,
        cid.bytes,
        bytes,
        nowMs
      )
    })
  }

  removeBlob(name: string, digest: Digest): boolean {
    return this.#database.write(() =>
      this.#run('DELETE FROM registry_blobs WHERE repository = ? AND digest = ?', name, digest)
    )
  }

  manifest(name: string, reference: Reference): HostedManifest | undefined {
    const row =
      'digest' in reference
        ? this.#get(
            `SELECT ${manifestColumns} FROM registry_manifests WHERE repository = ? AND digest = ?`,
            name,
            reference.digest
          )
        : this.#get(
            `SELECT ${manifestColumns} FROM registry_manifests WHERE repository = ?1 AND digest =
              (SELECT digest FROM registry_tags WHERE repository = ?1 AND tag = ?2)`,
            name,
            reference.tag
          )
    return row === undefined ? undefined : manifestOf(row)
  }

  addManifest(name: string, bytes: Uint8Array, facts: ManifestFacts, tag?: string): void {
    const { blocks, writer, clock } = this.#options
    const builder = writer.file()
    builder.write(bytes)
    const node = builder.finish()
    blocks.flush({ durable: true })
    const cid = makeCid(node.codec, node.multihash, node.cidVersion)
    const insert = (): void => {
      this.#run('INSERT OR IGNORE INTO registry_repositories VALUES (?)', name)
      this.#run(
        'INSERT OR REPLACE INTO registry_manifests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
        name,
        facts.digest,
        cid.bytes,
        bytes.length,
        clock.nowMs(),
        facts.mediaType,
        facts.subject ?? null,
        facts.artifactType ?? null,
        facts.annotations === undefined ? null : JSON.stringify(facts.annotations)
      )
      if (tag === undefined) return
      this.#run('INSERT OR REPLACE INTO registry_tags VALUES (?, ?, ?)', name, tag, facts.digest)
    }
    this.#database.write(insert, { durable: true })
  }

  removeManifest(name: string, reference: Reference): boolean {
    return this.#database.write(() => {
      if ('tag' in reference) {
        const sql = 'DELETE FROM registry_tags WHERE repository = ? AND tag = ?'
        return this.#run(sql, name, reference.tag)
      }
      const { digest } = reference
      this.#run('DELETE FROM registry_tags WHERE repository = ? AND digest = ?', name, digest)
      const sql = 'DELETE FROM registry_manifests WHERE repository = ? AND digest = ?'
      return this.#run(sql, name, digest)
    })
  }

  referrers(
    name: string,
    digest: Digest,
    { last, count }: Page,
    artifactType?: string
  ): HostedManifest[] {
    const sql = `SELECT ${manifestColumns} FROM registry_manifests
      WHERE repository = ?1 AND subject = ?2 AND digest > ?3
        AND (?5 IS NULL OR artifact_type = ?5)
      ORDER BY digest LIMIT ?4`
    return this.#all(sql, name, digest, last, count, artifactType ?? null).map(manifestOf)
  }
}

function contentOf(row: Row): HostedContent {
  return {
    digest: row.digest as Digest,
    cid: CID.decode(row.cid as Uint8Array),
    bytes: row.bytes as number,
    storedMs: row.storedMs as number
  }
}

function manifestOf(row: Row): HostedManifest {
  const annotations = row.annotations as string | null
  return {
    ...contentOf(row),
    mediaType: row.mediaType as string,
    subject: (row.subject as Digest | null) ?? undefined,
    artifactType: (row.artifactType as string | null) ?? undefined,
    annotations: annotations === null ? undefined : JSON.parse(annotations)
  }
}
