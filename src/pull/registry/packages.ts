import { CID } from 'multiformats/cid'
import { type BlockWriter, makeCid } from '../../base/blocks.ts'
import type { Clock } from '../../base/clock.ts'
import type { Database } from '../../base/database.ts'
import { type Digest, digestOf } from '../../base/digest.ts'
import { CairnError } from '../../base/errors.ts'
import { WhileUnchanged } from '../../base/while-unchanged.ts'
import type { UnixfsWriter } from '../../unixfs/api.ts'
import { bounds } from '../bounds.ts'
import type { HostedContent, HostedDocument, Packages, PackagesChange } from './api.ts'

export interface PackagesOptions {
  /** `registryMigrations` have run. */
  readonly database: Database
  readonly blocks: BlockWriter
  readonly writer: UnixfsWriter
  readonly clock: Clock
}

export function openPackages(options: PackagesOptions): Packages {
  return new DatabasePackages(options)
}

type Row = Record<string, unknown>

class DatabasePackages implements Packages {
  readonly #options: PackagesOptions
  /** Whether names were ever published. */
  readonly #known: WhileUnchanged<boolean>

  constructor(options: PackagesOptions) {
    this.#options = options
    this.#known = new WhileUnchanged(options.database, { entries: bounds.rowsKept })
  }

  #get(sql: string, ...values: string[]): Row | undefined {
    return this.#options.database.statement(sql).get(...values)
  }

  has(name: string): boolean {
    const sql = 'SELECT 1 FROM registry_packages WHERE name = ?'
    return this.#known.get(name, () => this.#get(sql, name) !== undefined)
  }

  isPublished(name: string): boolean {
    const sql = 'SELECT 1 FROM registry_tarballs WHERE package = ? LIMIT 1'
    return this.#get(sql, name) !== undefined
  }

  names(): string[] {
    const sql = 'SELECT DISTINCT package AS name FROM registry_tarballs ORDER BY package'
    return this.#options.database
      .statement(sql)
      .all()
      .map(row => row.name as string)
  }

  document(name: string): HostedDocument | undefined {
    const sql = `SELECT revision, digest, cid, bytes, stored_ms AS storedMs
      FROM registry_packages WHERE name = ?`
    const row = this.#get(sql, name)
    return row === undefined ? undefined : { ...contentOf(row), revision: row.revision as number }
  }

  tarball(name: string, file: string): HostedContent | undefined {
    const sql = `SELECT digest, cid, bytes, stored_ms AS storedMs
      FROM registry_tarballs WHERE package = ? AND file = ?`
    const row = this.#get(sql, name, file)
    return row === undefined ? undefined : contentOf(row)
  }

  change(name: string, { revision, document, added, removed }: PackagesChange): void {
    const { database, blocks, clock } = this.#options
    const tarballs = added.map(({ file, bytes }) => ({ file, ...this.#store(bytes) }))
    const stored = this.#store(document)
    blocks.flush({ durable: true })
    const nowMs = clock.nowMs()
    const write = (): void => {
      const now = this.document(name)?.revision ?? 0
      if (now !== revision) {
        throw new CairnError('conflict', `${name} was changed meanwhile: read it again`)
      }
      database
        .statement('INSERT OR REPLACE INTO registry_packages VALUES (?, ?, ?, ?, ?, ?)')
        .run(name, revision + 1, stored.digest, stored.cid.bytes, stored.bytes, nowMs)
      const drop = database.statement(
        'DELETE FROM registry_tarballs WHERE package = ? AND file = ?'
      )
      for (const file of removed) drop.run(name, file)
      const insert = database.statement('INSERT INTO registry_tarballs VALUES (?, ?, ?, ?, ?, ?)')
      for (const { file, digest, cid, bytes } of tarballs) {
        insert.run(name, file, digest, cid.bytes, bytes, nowMs)
      }
    }
    database.write(write, { durable: true })
  }

  #store(bytes: Uint8Array): { digest: Digest; cid: CID; bytes: number } {
    const builder = this.#options.writer.file()
    builder.write(bytes)
    const node = builder.finish()
    const cid = makeCid(node.codec, node.multihash, node.cidVersion)
    return { digest: digestOf('sha256', bytes), cid, bytes: bytes.length }
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
