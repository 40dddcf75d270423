import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { openDatabase } from '../../src/base/database.ts'
import { countSyncs } from '../lib/count-syncs.ts'
import { requireClient, requireRoot } from '../lib/skip.ts'
import { folderOf, notes, texts, write } from './notes-database.ts'

t.test('sync and durable writes reach the disk, a plain commit only the system', async t => {
  if (!requireClient(t, 'strace')) return
  const base = new URL('../../src/base/database.ts', import.meta.url).href
  const path = join(folderOf(t), 'cairn.db')
  const program = `
    import { openDatabase } from ${JSON.stringify(base)}
    const database = openDatabase(${JSON.stringify(path)}, { migrations: ${JSON.stringify(notes)} })
    const insert = () => database.statement("INSERT INTO notes (text) VALUES ('x')").run()
    database.write(insert)
    database.sync()
    mark('plain'); database.write(insert)
    mark('sync'); database.sync()
    mark('again'); database.sync()
    mark('durable'); database.write(insert, { durable: true })
    mark('nested'); database.write(() => database.write(insert, { durable: true }))
    mark('empty'); database.write(() => {}, { durable: true })
    mark('undone'); try { database.write(() => { database.write(insert, { durable: true }); throw new Error() }) } catch {}
    mark('end'); database.close()`
  const syncs = countSyncs(`${path}.strace`, program)
  t.equal(syncs('plain', 'sync'), 0)
  t.equal(syncs('sync', 'again'), 1)
  t.equal(syncs('again', 'durable'), 1)
  t.equal(syncs('durable', 'nested'), 1)
  t.equal(syncs('nested', 'empty'), 1)
  t.equal(
    syncs('empty', 'undone'),
    1,
    'a durable write of nothing vouches for what others committed'
  )
  t.equal(syncs('undone', 'end'), 0)
})

t.test('a full disk fails the write and nothing else', async t => {
  if (!requireRoot(t)) return
  const folder = mkdtempSync(join(tmpdir(), 'cairn-small-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder])
  t.teardown(() => {
    execFileSync('umount', [folder])
    rmSync(folder, { recursive: true })
  })
  const database = openDatabase(join(folder, 'cairn.db'), { migrations: notes })
  database.write(() => write(database, 'before'))
  const { bavail, bsize } = statfsSync(folder)
  writeFileSync(join(folder, 'ballast'), Buffer.alloc(bavail * bsize - 40_000))
  const large = () => write(database, 'x'.repeat(200_000))
  t.throws(() => database.write(large), { code: 'no-space' })
  const settled: boolean[] = []
  t.throws(
    () =>
      database.write(() => {
        database.afterTransaction(kept => settled.push(kept))
        try {
          database.write(() => write(database, 'x'.repeat(8_000_000)))
        } catch {
          write(database, 'must not be committed by itself')
        }
        large()
      }),
    { code: 'no-space' }
  )
  t.same(settled, [false])
  t.throws(
    () =>
      database.write(() => {
        t.throws(() => write(database, 'x'.repeat(8_000_000)))
        write(database, 'must not be committed by itself either')
      }),
    { code: 'io', message: /disk is full/ }
  )
  t.same(texts(database), ['before'])
  rmSync(join(folder, 'ballast'))
  database.write(large)
  database.sync()
  t.equal(texts(database).length, 2)
  database.close()
})

t.test('processes that open and write a new database at once all succeed', async t => {
  const path = join(folderOf(t), 'cairn.db')
  const program = fileURLToPath(new URL('./count-process.ts', import.meta.url))
  const children = Array.from({ length: 6 }, () =>
    spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, path, '200'], {
      stdio: ['ignore', 'ignore', 'inherit']
    })
  )
  const ends = await Promise.all(children.map(child => once(child, 'exit')))
  t.same(
    ends,
    children.map(() => [0, null])
  )
  const database = openDatabase(path)
  t.same(database.statement('SELECT n FROM counter').get(), { n: 1200 }, 'no increment was lost')
  database.close()
})

t.test('kill -9 in the middle of transactions leaves whole ones only', async t => {
  const path = join(folderOf(t), 'cairn.db')
  const program = fileURLToPath(new URL('./count-process.ts', import.meta.url))
  let least = 0
  for (let round = 0; round < 8; round++) {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', program, path, '1000000'],
      { stdio: ['ignore', 'pipe', 'inherit'] }
    )
    let said = ''
    await new Promise<void>(resolve => {
      child.stdout.on('data', data => {
        said += data
        if (said.split('\n').length > 3 + round * 7) resolve()
      })
    })
    child.kill('SIGKILL')
    await once(child, 'close')
    least = Number(said.split('\n').at(-2))
    const database = openDatabase(path)
    const row = database.statement('SELECT n, twin FROM counter').get() as {
      n: number
      twin: number
    }
    t.ok(row.n >= least, `${row.n} is at least the ${least} it said were committed`)
    t.equal(row.n, row.twin)
    database.close()
  }
})
