import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Database, Migration } from '../../src/base/database.ts'

/** A schema of one table of texts. */
export const notes: Migration[] = [
  { owner: 'notes', version: 1, sql: 'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)' }
]

export function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-database-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function write(database: Database, text: string): void {
  database.statement('INSERT INTO notes (text) VALUES (?)').run(text)
}

export function texts(database: Database): unknown[] {
  return database
    .statement('SELECT text FROM notes ORDER BY id')
    .all()
    .map(row => row.text)
}
