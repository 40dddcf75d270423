import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { limits } from '../../../src/base/limits.ts'
import { toName } from '../../../src/base/names.ts'
import { WriteLock } from '../../../src/base/write-lock.ts'
import { caller, openTree } from './open-tree.ts'

/** Somebody waits for the lock, as the thread that holds it sees it. */
function contend(lock: WriteLock): void {
  Atomics.store(new Int32Array(lock.memory), 0, 2)
}

t.test('who waits for the database does not wait for a large file to be copied', async t => {
  const writeLock = new WriteLock()
  const it = openTree(t.testdir(), { writeLock, grouped: true })
  const { tree, database } = it
  const { ino } = tree.createFile(1, toName('image'), 0o644, caller)
  tree.write(ino, randomBytes(6 * 1024 * 1024), 0)
  tree.releaseWriting(ino)
  await tree.seal()
  database.settle()
  tree.openForWriting(ino, false)
  t.equal(database.unsettled, true)
  const { statement } = database
  const unsettled: boolean[] = []
  database.statement = sql => {
    if (sql.startsWith('SELECT segment, offset')) {
      unsettled.push(database.unsettled)
      if (unsettled.length === 4) contend(writeLock)
    }
    return statement.call(database, sql)
  }
  tree.write(ino, Buffer.from('changed'), 0)
  t.ok(unsettled.length > 6)
  t.same(unsettled.slice(5).filter(Boolean), [])
  tree.releaseWriting(ino)
  it.close()
})

t.test('who waits for the database does not wait for the disk to take a file', async t => {
  const writeLock = new WriteLock()
  const home = t.testdir()
  const it = openTree(home, { writeLock })
  const { ino } = it.tree.createFile(1, toName('large'), 0o644, caller)
  it.tree.write(ino, Buffer.alloc(2 * limits.smallDraftBytes), 0)
  const other = openTree(home, { writeLock, grouped: true, recover: false })
  for (const name of readdirSync(it.drafts)) rmSync(join(it.drafts, name))
  other.tree.createFile(1, toName('small'), 0o644, caller)
  t.equal(other.database.unsettled, true)
  t.throws(() => other.tree.synchronize(ino), 'its file is gone')
  t.equal(other.database.unsettled, false, 'committed before the file was opened')
  other.close()
  it.close()
})
