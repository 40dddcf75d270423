import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import {
  type Database,
  type DatabaseOptions,
  type Migration,
  openDatabase
} from '../../src/base/database.ts'
import { CairnError } from '../../src/base/errors.ts'
import { folderOf, notes, texts, write } from './notes-database.ts'

type Again = (options?: DatabaseOptions) => Database

function open(t: Test): { path: string; database: Database; again: Again } {
  const path = join(folderOf(t), 'cairn.db')
  const again: Again = options => {
    const database = openDatabase(path, { ...options, migrations: notes })
    t.teardown(() => database.close())
    return database
  }
  return { path, database: again(), again }
}

t.test('a file that is no database is refused by name', async t => {
  const path = join(folderOf(t), 'cairn.db')
  writeFileSync(path, 'x'.repeat(8192))
  t.throws(() => openDatabase(path), {
    code: 'corrupt',
    message: /cannot open the database .*cairn\.db/
  })
  t.throws(() => openDatabase(join(path, 'below')), { message: /cannot open the database/ })
})

t.test('a schema that a newer Cairn wrote is refused, and not touched', async t => {
  const { path, database } = open(t)
  database.statement("UPDATE schema SET version = 7 WHERE owner = 'notes'").run()
  t.throws(() => openDatabase(path, { migrations: notes }), {
    code: 'unsupported',
    message: /newer Cairn wrote it \(notes is at version 7\)/
  })
  t.doesNotThrow(() => openDatabase(path).close(), 'who does not own notes does not mind')
})

t.test('migrations are taken once, in order, by whoever opens next', async t => {
  const { path, database } = open(t)
  write(database, 'old')
  const more: Migration[] = [
    ...notes,
    { owner: 'notes', version: 3, sql: "UPDATE notes SET text = text || ' three'" },
    { owner: 'notes', version: 2, sql: "UPDATE notes SET text = text || ' two'" },
    { owner: 'other', version: 1, sql: 'CREATE TABLE other (a)' }
  ]
  for (let times = 0; times < 2; times++) openDatabase(path, { migrations: more }).close()
  t.same(texts(database), ['old two three'])
})

t.test('a migration that fails leaves the schema as it was', async t => {
  const { path, database } = open(t)
  const broken = [
    ...notes,
    { owner: 'notes', version: 2, sql: 'CREATE TABLE half (a)' },
    { owner: 'notes', version: 3, sql: 'CREATE TABLE notes (a)' }
  ]
  t.throws(() => openDatabase(path, { migrations: broken }), { message: /already exists/ })
  t.throws(() => database.statement('SELECT * FROM half'), /no such table/)
  t.same(database.statement('SELECT version FROM schema').all(), [{ version: 1 }])
})

t.test('a write that throws leaves nothing, and the error keeps its code', async t => {
  const { database } = open(t)
  const refusal = new CairnError('denied', 'no')
  t.throws(
    () =>
      database.write(() => {
        write(database, 'never')
        throw refusal
      }),
    refusal
  )
  t.same(texts(database), [])
  t.equal(database.transaction, 'none')
})

t.test('a part that throws is undone alone, and with the whole', async t => {
  const { database } = open(t)
  database.write(() => {
    write(database, 'before')
    t.throws(() =>
      database.write(() => {
        write(database, 'undone')
        database.write(() => write(database, 'undone too'))
        throw new Error('no')
      })
    )
    write(database, 'after')
  })
  t.same(texts(database), ['before', 'after'])
  t.throws(() =>
    database.write(() => {
      database.write(() => write(database, 'part'))
      throw new Error('no')
    })
  )
  t.same(texts(database), ['before', 'after'])
})

t.test('afterTransaction tells of the end of the part it was called in', async t => {
  const { database } = open(t)
  const told: string[] = []
  const tell = (name: string) => database.afterTransaction(kept => told.push(`${name} ${kept}`))
  tell('outside')
  database.write(() => {
    tell('whole')
    t.throws(() =>
      database.write(() => {
        tell('part')
        throw new Error('no')
      })
    )
    t.same(told, ['outside true', 'part false'])
  })
  t.throws(() =>
    database.write(() => {
      database.write(() => tell('second'))
      throw new Error('no')
    })
  )
  t.same(told, ['outside true', 'part false', 'whole true', 'second false'])
})

t.test('a read sees one snapshot, whatever others commit meanwhile', async t => {
  const { database, again } = open(t)
  const other = again()
  write(database, 'one')
  database.read(() => {
    t.same(texts(database), ['one'])
    other.write(() => write(other, 'two'))
    database.read(() => t.same(texts(database), ['one']))
  })
  t.same(texts(database), ['one', 'two'])
})

t.test('a read inside a write sees the write; a write inside a read is refused', async t => {
  const { database } = open(t)
  database.write(() => {
    write(database, 'one')
    database.read(() => t.same(texts(database), ['one']))
    t.equal(database.transaction, 'write')
  })
  database.read(() => {
    t.throws(() => database.write(() => write(database, 'two')), { code: 'io' })
    t.throws(() => database.sync(), { code: 'io' })
  })
  t.same(texts(database), ['one'])
})

t.test('statements are prepared once, and made-up ones are forgotten', async t => {
  const { database } = open(t)
  const first = database.statement('SELECT 1')
  t.equal(database.statement('SELECT 1'), first)
  for (let number = 0; number < 2000; number++) database.statement(`SELECT ${number} + 1`)
  t.same(first.get(), { 1: 1 }, 'one that was forgotten still works for who holds it')
  t.not(database.statement('SELECT 1'), first)
})

t.test('the version is another after each commit of anyone, and only then', async t => {
  const { database, again } = open(t)
  const other = again()
  const first = database.version()
  await turn()
  t.equal(database.version(), first)
  database.write(() => write(database, 'own'))
  const second = database.version()
  t.not(second, first)
  t.throws(() =>
    database.write(() => {
      t.equal(database.version(), undefined, 'inside, it may see what nobody else does')
      write(database, 'undone')
      throw new Error('no')
    })
  )
  await turn()
  t.equal(database.version(), second, 'nothing was committed')
  write(other, 'of another')
  await turn()
  t.not(database.version(), second)
  t.not(database.version(), first)
})

t.test('a thread whose event loop never turns sees the commits of others at once', async t => {
  const { again } = open(t)
  const [blocking, other] = [again({ blocks: true }), again()]
  const first = blocking.version()
  t.equal(blocking.version(), first)
  write(other, 'of another')
  t.not(blocking.version(), first)
})
