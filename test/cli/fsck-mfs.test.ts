import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { redoPath } from '../../src/base/redo.ts'
import { RedoLog, readRedo } from '../../src/base/redo-log.ts'
import { makeWorld, type World } from './run-cairn.ts'

/** A home with an empty /mfs, after `damage` was done to its database. */
async function damagedHome(
  t: Test,
  damage: (database: DatabaseSync, path: string) => void
): Promise<World & { readonly database: string }> {
  const world = await makeWorld(t)
  await mkdir(world.home)
  await world.line(['snapshot'])
  const path = join(world.home, 'cairn.db')
  const database = new DatabaseSync(path)
  damage(database, path)
  database.close()
  return { ...world, database: path }
}

/** A transaction that was promised to somebody and is not in the database: the process died in between. */
function leaveRedo(database: DatabaseSync, path: string, sql: string): void {
  database.exec('PRAGMA user_version = 77')
  const log = new RedoLog(redoPath(path))
  log.begin(77)
  log.note(sql, [1])
  log.append()
  log.close()
}

t.test('fsck finds a name of /mfs that leads nowhere, and exits 1', async t => {
  const world = await damagedHome(t, database =>
    database.exec("INSERT INTO dentries (parent, name, ino, cookie) VALUES (1, x'61', 999, 7)")
  )
  const { status, stdout, stderr } = await world.run(['fsck'])
  t.equal(status, 1)
  t.match(stdout, /\/mfs: a name leads to no inode/)
  t.match(stderr, /cairn log/)
})

t.test('a redo log that cannot be run again is told of, and set aside when asked to', async t => {
  const world = await damagedHome(t, (database, path) =>
    leaveRedo(database, path, 'INSERT INTO what_a_newer_version_has VALUES (?)')
  )
  const refused = await world.run(['fsck'])
  t.equal(refused.status, 1)
  t.match(refused.stderr, /what_a_newer_version_has.*cairn fsck --set-redo-aside/s)
  t.equal(readRedo(redoPath(world.database), 77).length, 1)
  const { aside } = JSON.parse(await world.line(['fsck', '--json', '--set-redo-aside']))
  t.equal(readRedo(aside, 77).length, 1)
  t.match(await world.line(['fsck', '--set-redo-aside']), /^verified/)
})

t.test('a redo log that can be run again is run, not set aside', async t => {
  const world = await damagedHome(t, (database, path) => {
    database.exec('CREATE TABLE marks (n)')
    leaveRedo(database, path, 'INSERT INTO marks VALUES (?)')
  })
  t.match(await world.line(['fsck', '--set-redo-aside']), /^verified.* and 1 inode of \/mfs/)
  const database = new DatabaseSync(world.database)
  t.teardown(() => database.close())
  t.equal(database.prepare('SELECT count(*) AS n FROM marks').get()?.n, 1)
})
