import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { type Database, openDatabase } from '../../src/base/database.ts'
import { WriteLock } from '../../src/base/write-lock.ts'
import { folderOf, notes, texts, write } from './notes-database.ts'

const numbers = { owner: 'numbers', version: 1, sql: 'CREATE TABLE numbers (n INTEGER UNIQUE)' }

function openGrouped(t: Test, path: string, migrations = [numbers]) {
  const writeLock = new WriteLock()
  const database = openDatabase(path, { migrations, writeLock, grouped: true })
  t.teardown(() => database.close())
  return { database, writeLock }
}

function put(database: Database, n: number): void {
  database.write(() => database.statement('INSERT INTO numbers VALUES (?)').run(n))
}

function all(database: Database): unknown[] {
  const rows = database.statement('SELECT n FROM numbers ORDER BY n').all()
  return rows.map(({ n }) => n)
}

t.test('a power cut that took a commit between two groups runs the second one not', async t => {
  const path = join(folderOf(t), 'cairn.db')
  const { database, writeLock } = openGrouped(t, path)
  const other = openDatabase(path, { writeLock })
  t.teardown(() => other.close())
  const rounds: Array<[string, () => void]> = [
    ['of another connection', () => put(other, 2)],
    ['of its own, that was durable', () => database.sync()]
  ]
  for (const [whose, commit] of rounds) {
    put(database, Math.random())
    database.settle()
    const before = all(database)
    const cut = `${path}-${whose}`
    for (const end of ['', '-wal']) copyFileSync(path + end, cut + end)
    commit()
    put(database, Math.random())
    t.equal(database.unsettled, true)
    copyFileSync(`${path}-redo`, `${cut}-redo`)
    const after = openDatabase(cut)
    t.same(all(after), before, whose)
    after.close()
  }
})

t.test('a statement that failed inside a transaction that stands is not run again', async t => {
  const path = join(folderOf(t), 'cairn.db')
  const { database } = openGrouped(t, path)
  put(database, 1)
  database.write(() => {
    t.throws(() => database.statement('INSERT INTO numbers VALUES (1)').run())
    database.statement('INSERT INTO numbers VALUES (2)').run()
  })
  t.throws(() =>
    database.write(() => {
      database.statement('INSERT INTO numbers VALUES (3)').run()
      throw new Error('so the group is run again')
    })
  )
  t.same(all(database), [1, 2])
})

t.test('a migration taken by a connection that groups stands', async t => {
  const path = join(folderOf(t), 'cairn.db')
  const first = openGrouped(t, path).database
  put(first, 1)
  first.settle()
  const { database } = openGrouped(t, path, [numbers, ...notes])
  database.settle()
  write(database, 'there is room for it')
  t.equal(texts(database).length, 1)
})

t.test('another process opens the database while groups follow each other', async t => {
  const path = join(folderOf(t), 'cairn.db')
  const sql = 'CREATE TABLE counter (n INTEGER, twin INTEGER); INSERT INTO counter VALUES (0, 0)'
  openDatabase(path, { migrations: [{ owner: 'count', version: 1, sql }] }).close()
  const writer = fileURLToPath(new URL('./grouped-writer.ts', import.meta.url))
  const parameters = ['--disable-warning=ExperimentalWarning', writer, path]
  const child = spawn(process.execPath, parameters, { stdio: ['ignore', 'ignore', 'inherit'] })
  while (!existsSync(`${path}-redo`)) await pause(5)
  let opened = 0
  try {
    for (; opened < 20; opened++) openDatabase(path).close()
  } finally {
    child.kill('SIGKILL')
    await once(child, 'close')
  }
  t.equal(opened, 20)
})
