import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { type Database, openDatabase } from '../../src/base/database.ts'
import { WriteLock } from '../../src/base/write-lock.ts'
import { requireRoot } from '../lib/skip.ts'
import { folderOf, notes, texts, write } from './notes-database.ts'

const writer = new URL('./grouped-writer.ts', import.meta.url)

/** One that commits in groups, with a group begun; and what somebody else finds in the file, without a lock. */
function grouped(t: Test, folder = folderOf(t)) {
  const path = join(folder, 'cairn.db')
  const database = openDatabase(path, {
    migrations: notes,
    writeLock: new WriteLock(),
    grouped: true
  })
  t.teardown(() => database.close())
  database.write(() => write(database, 'first'))
  const committed = (): unknown[] => {
    const other = openDatabase(path)
    const found = texts(other)
    other.close()
    return found
  }
  return { path, database, committed }
}

function add(database: Database, text: string): void {
  database.write(() => write(database, text))
}

t.test('its own connection reads what a group wrote; others when it is settled', async t => {
  const { database } = grouped(t)
  add(database, 'second')
  t.equal(database.unsettled, true)
  t.same(texts(database), ['first', 'second'])
  t.same(
    database.read(() => texts(database)),
    ['first', 'second']
  )
  t.throws(() => database.read(() => add(database, 'never')), { code: 'io' })
  database.settle()
  t.equal(database.unsettled, false)
  t.same(texts(database), ['first', 'second'])
})

t.test('a transaction that fails is undone alone', async t => {
  const { database, committed } = grouped(t)
  add(database, 'second')
  const kept: boolean[] = []
  t.throws(
    () =>
      database.write(() => {
        database.afterTransaction(done => kept.push(done))
        write(database, 'undone')
        throw new Error('not this one')
      }),
    /not this one/
  )
  add(database, 'third')
  t.throws(() =>
    database.write(() => {
      throw new Error('before it wrote')
    })
  )
  database.write(() => {
    write(database, 'fourth')
    t.throws(() =>
      database.write(() => {
        write(database, 'part')
        throw new Error('a part')
      })
    )
    write(database, 'fifth')
  })
  t.same(kept, [false])
  database.settle()
  t.same(committed(), ['first', 'second', 'third', 'fourth', 'fifth'])
})

t.test('what no record can hold is committed at once', async t => {
  const { database, committed } = grouped(t)
  add(database, 'x'.repeat(300_000))
  t.equal(database.unsettled, false)
  t.equal(committed().length, 2)
})

t.test('a group is committed when it is large, and before anything durable', async t => {
  const { database, committed } = grouped(t)
  for (let count = 0; count < 600 && (count === 0 || database.unsettled); count++) {
    add(database, 'one of many')
  }
  t.equal(database.unsettled, false)
  add(database, 'before')
  database.write(() => write(database, 'durable'), { durable: true })
  t.same(committed().slice(-2), ['before', 'durable'])
  add(database, 'last')
  database.sync()
  t.same(committed().slice(-1), ['last'])
})

function counter(t: Test): string {
  const path = join(folderOf(t), 'cairn.db')
  const sql = 'CREATE TABLE counter (n INTEGER, twin INTEGER); INSERT INTO counter VALUES (0, 0)'
  const database = openDatabase(path, { migrations: [{ owner: 'count', version: 1, sql }] })
  database.close()
  return path
}

interface Count {
  readonly n: number
  readonly twin: number
}

function countIn(database: Database): Count {
  return database.statement('SELECT n, twin FROM counter').get() as unknown as Count
}

/** A process that counts in groups without a pause. `least()` is what it said it has: to a file, for which it never waits. */
async function counting(path: string, lines: number) {
  const output = `${path}-said`
  const file = openSync(output, 'w')
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', fileURLToPath(writer), path],
    { stdio: ['ignore', file, 'inherit'] }
  )
  closeSync(file)
  const said = (): string[] => readFileSync(output, 'utf8').split('\n')
  while (said().length <= lines) await pause(2)
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await once(child, 'close')
  }
  const least = (): number => Number(said().at(-2))
  return { kill, least }
}

t.test('kill -9 loses nothing that was answered, whoever opens it next', async t => {
  const path = counter(t)
  for (let round = 0; round < 6; round++) {
    const { kill, least } = await counting(path, 3 + round * 97)
    await kill()
    const database = openDatabase(path, round % 2 === 0 ? {} : { writeLock: new WriteLock() })
    const { n, twin } = countIn(database)
    t.ok(n >= least() && n <= least() + 1, `${n}, and ${least()} were answered`)
    t.equal(n, twin)
    database.close()
  }
})

t.test('another process writes upon all that one that was killed had answered', async t => {
  const path = counter(t)
  const database = openDatabase(path)
  for (let round = 0; round < 4; round++) {
    const { kill, least } = await counting(path, 50 + round * 61)
    await kill()
    const { n, twin } = database.write(() => {
      database.statement('UPDATE counter SET n = n + 1, twin = twin + 1').run()
      return countIn(database)
    })
    t.ok(n - 1 >= least() && n - 1 <= least() + 1, `${n - 1}, and ${least()} were answered`)
    t.equal(n, twin)
  }
  database.close()
})

t.test('another process finds room to write while groups follow each other', async t => {
  const path = counter(t)
  const database = openDatabase(path)
  const { kill, least } = await counting(path, 600)
  for (let round = 0; round < 20; round++) {
    database.write(() => database.statement('UPDATE counter SET n = n + 1, twin = twin + 1').run())
  }
  await kill()
  const { n, twin } = database.write(() => countIn(database))
  t.ok(n >= least(), `${n}, and ${least()} were answered`)
  t.equal(n, twin)
  database.close()
})

t.test('other threads see at each look what was answered before it', async t => {
  const path = counter(t)
  const lock = new WriteLock()
  const shared = new Int32Array(new SharedArrayBuffer(8))
  const worker = new Worker(writer, { workerData: { path, lock: lock.memory, shared } })
  const database = openDatabase(path, { writeLock: lock })
  for (let looks = 0; looks < 20; ) {
    await new Promise(setImmediate)
    if (!lock.grouping) continue
    looks++
    const answered = Atomics.load(shared, 0)
    const { n } = countIn(database)
    if (n < answered) t.fail(`${answered} were answered, ${n} are there`)
  }
  database.write(() => database.statement('UPDATE counter SET n = n, twin = twin').run())
  Atomics.store(shared, 1, 1)
  await once(worker, 'exit')
  t.equal(countIn(database).n, Atomics.load(shared, 0))
  database.close()
})

t.test('a thread that ended with a group open leaves it to the next who looks', async t => {
  const path = counter(t)
  const lock = new WriteLock(undefined, 200)
  const shared = new Int32Array(new SharedArrayBuffer(8))
  const database = openDatabase(path, { writeLock: lock })
  const worker = new Worker(writer, { workerData: { path, lock: lock.memory, shared } })
  while (!(lock.grouping && Atomics.load(shared, 0) > 100)) await new Promise(setImmediate)
  Atomics.store(shared, 1, 2)
  const [unsettled] = await once(worker, 'message')
  await worker.terminate()
  t.equal(lock.grouping, unsettled)
  t.equal(countIn(database).n, Atomics.load(shared, 0))
  t.equal(lock.grouping, false)
  database.close()
})

t.test('a disk that is full at the commit loses nothing that was answered', async t => {
  if (!requireRoot(t)) return
  const folder = mkdtempSync(join(tmpdir(), 'cairn-small-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', folder])
  t.teardown(() => {
    execFileSync('umount', [folder])
    rmSync(folder, { recursive: true })
  })
  await t.test('on a small disk', async t => {
    const { path, database } = grouped(t, folder)
    add(database, 'second')
    const large = 'x'.repeat(100_000)
    add(database, large)
    t.equal(database.unsettled, true)
    const { bavail, bsize } = statfsSync(folder)
    writeFileSync(join(folder, 'ballast'), Buffer.alloc(bavail * bsize - 20_000))
    database.settle()
    t.equal(database.unsettled, false)
    t.throws(() => texts(database), { code: 'no-space' }, 'nobody is shown a state of before')
    t.throws(() => openDatabase(path), { code: 'no-space' })
    rmSync(join(folder, 'ballast'))
    t.same(texts(database), ['first', 'second', large])
    add(database, 'third')
    t.same(texts(database).length, 4)
  })
})
