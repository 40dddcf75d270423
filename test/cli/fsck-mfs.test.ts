import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { makeWorld } from './run-cairn.ts'

t.test('fsck finds a name of /mfs that leads nowhere, and exits 1', async t => {
  const world = await makeWorld(t)
  await mkdir(world.home)
  await world.line(['snapshot'])
  t.match(await world.line(['fsck']), /and 1 inodes of \/mfs/)
  const database = new DatabaseSync(join(world.home, 'cairn.db'))
  database.exec("INSERT INTO dentries (parent, name, ino, cookie) VALUES (1, x'61', 999, 7)")
  database.close()
  const { status, stdout, stderr } = await world.run(['fsck'])
  t.equal(status, 1)
  t.match(stdout, /\/mfs: a name leads to no inode/)
  t.match(stderr, /cairn log/)
})
