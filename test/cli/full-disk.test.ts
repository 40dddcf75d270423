import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { requireRoot } from '../lib/skip.ts'
import { makeWorld, type World } from './run-cairn.ts'
import { mountSmallHome } from './small-home.ts'

const MiB = 1024 * 1024

async function smallHome(t: Test, megabytes: number): Promise<World> {
  const world = await makeWorld(t)
  mountSmallHome(t, world, megabytes)
  return world
}

t.test('a home whose disk is full: told at every door, can be emptied, starts again', async t => {
  if (!requireRoot(t)) return
  const world = await smallHome(t, 24)
  const { url, child, ended } = await world.start()
  const dav = (method: string, name: string, body?: Uint8Array) =>
    fetch(`${url}dav/mfs/${name}`, { method, ...(body === undefined ? {} : { body }) })
  const kept = randomBytes(100_000)
  t.equal((await dav('PUT', 'kept', kept)).status, 201)
  const snapshot = await world.line(['snapshot'])

  const statuses: number[] = []
  while (statuses.at(-1) !== 507 && statuses.length < 30) {
    statuses.push((await dav('PUT', `fill-${statuses.length}`, randomBytes(MiB))).status)
  }
  t.equal(statuses.at(-1), 507, 'by the drive')
  const added = await world.run(['add', '--json', '-'], { input: randomBytes(MiB * 2) })
  t.equal(added.status, 1)
  t.match(JSON.parse(added.stderr), { error: { code: 'no-space', message: /is full: make room/ } })

  t.equal((await dav('MKCOL', 'folder')).status, 201, 'a name finds room')
  t.equal((await dav('DELETE', 'fill-0')).status, 204, 'what is there can be deleted')
  child.kill('SIGTERM')
  t.equal(await ended, 0)

  const again = await world.start()
  const found = await fetch(`${again.url}dav/mfs/kept`)
  t.same(Buffer.from(await found.arrayBuffer()), kept)
  for (const number of statuses.keys()) {
    await fetch(`${again.url}dav/mfs/fill-${number}`, { method: 'DELETE' })
  }
  const later = await fetch(`${again.url}dav/mfs/later`, { method: 'PUT', body: randomBytes(MiB) })
  t.equal(later.status, 201, 'and then there is room')
  t.equal((await world.run(['cat', `${snapshot}/kept`])).stdout.length > 0, true)
  t.equal((await world.run(['fsck'])).status, 0)
})

t.test(
  'a home that another program filled to the last byte: the start says so, and succeeds later',
  async t => {
    if (!requireRoot(t)) return
    const world = await smallHome(t, 8)
    await world.line(['add', '-'], { input: 'there' })
    const ballast = join(world.home, 'ballast')
    try {
      for (;;) writeFileSync(ballast, Buffer.alloc(65_536), { flag: 'a' })
    } catch (error) {
      t.match(error, { code: 'ENOSPC' })
    }
    t.ok(statSync(ballast).size > MiB)
    const { status, stderr } = await world.run([
      'start',
      '--mount',
      'none',
      '--listen',
      '127.0.0.1:0'
    ])
    t.equal(status, 1)
    t.match(stderr, /^cairn: cannot .*disk is full: make room.*\n$/)
    execFileSync('rm', [ballast])
    await world.start()
    t.ok(readdirSync(world.home).includes('cairn.sock'))
  }
)
