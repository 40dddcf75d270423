import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeWorld, type StartedDaemon, until, type World } from '../cli/run-cairn.ts'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import {
  codeOf,
  digest256,
  manifestOver,
  type Pushed,
  pushBlob,
  pushManifest
} from '../lib/registry-world.ts'
import { requireRoot } from '../lib/skip.ts'

const MB = 1_000_000

/** A daemon whose home is a small disk of its own. */
async function setUp(t: Test, config: string): Promise<{ world: World; daemon: StartedDaemon }> {
  const world = await makeWorld(t)
  mkdirSync(world.home, { mode: 0o700 })
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m,mode=700', 'tmpfs', world.home])
  t.teardown(() => execFileSync('umount', ['-l', world.home]))
  writeFileSync(join(world.home, 'config.yaml'), config)
  return { world, daemon: await world.start() }
}

t.test('a push and a pull onto a full disk leave nothing half', async t => {
  if (!requireRoot(t)) return
  const origin = await openFakeOrigin()
  t.teardown(origin.close)
  const { world, daemon } = await setUp(t, `oci:\n  upstreams:\n    up: ${origin.url}\n`)
  const ask = (path: string, init?: RequestInit) => fetch(daemon.url + path.slice(1), init)
  const uploads = join(world.home, 'uploads')
  const freeBytes = () => {
    const { bavail, bsize } = statfsSync(world.home)
    return bavail * bsize
  }
  const config = await pushBlob({ ask }, 'a', '{}')
  const small = await pushBlob({ ask }, 'a', randomBytes(MB))
  const manifest = manifestOver(config, [small])
  t.equal((await pushManifest({ ask }, 'a/manifests/v1', manifest)).status, 201)
  const blob = (bytes: number): Pushed => {
    const content = randomBytes(bytes)
    return { bytes: content, digest: digest256(content) }
  }
  const put = (place: string, body: Buffer, method: string) =>
    ask(place, { method, body: new Uint8Array(body) })
  const begin = async () => {
    const begun = await ask('/v2/a/blobs/uploads/', { method: 'POST' })
    return begun.headers.get('location') ?? ''
  }

  // Longer than the disk: it fills while they arrive. And one that arrives, but cannot be stored besides.
  for (const { bytes, digest } of [blob(40 * MB), blob(17 * MB)]) {
    const before = freeBytes()
    const check = async (what: string, answer: Response) => {
      t.equal(await codeOf(answer), '507 UNKNOWN', `${what} of ${bytes.length} bytes`)
      t.equal((await ask(`/v2/a/blobs/${digest}`)).status, 404)
      t.strictSame(readdirSync(uploads), [], 'nothing of it is left')
      if (freeBytes() < before - MB) t.equal((await world.run(['gc'])).status, 0)
      t.ok(freeBytes() > before - MB, 'and what it took is given back')
    }
    const whole = `/v2/a/blobs/uploads/?digest=${digest}`
    await check('a push in one request', await put(whole, bytes, 'POST'))
    const place = await begin()
    const patched = await put(place, bytes, 'PATCH')
    const finished = patched.ok
      ? await put(`${place}?digest=${digest}`, Buffer.alloc(0), 'PUT')
      : patched
    await check('a push in two', finished)
    t.equal(await codeOf(await ask(place)), '404 BLOB_UPLOAD_UNKNOWN')
  }

  const layer = blob(40 * MB)
  const path = `app/blobs/${layer.digest}`
  origin.items.set(`v2/${path}`, { body: layer.bytes, ranges: true })
  const beforePull = freeBytes()
  const pulled = ask(`/v2/up/${path}`).then(async answer => (await answer.arrayBuffer()).byteLength)
  t.not(await pulled.catch(() => 0), layer.bytes.length, 'no pull of what finds no room is whole')
  await until(async () => freeBytes() > beforePull - MB)

  const ballast = join(world.home, 'ballast')
  writeFileSync(ballast, Buffer.alloc(Math.max(0, freeBytes() - 65_536), 1))
  const other = manifestOver(config, [small], { annotations: { a: 'x'.repeat(MB) } })
  const refused = await pushManifest({ ask }, 'a/manifests/v2', other)
  t.equal(await codeOf(refused), '507 UNKNOWN', 'nor does a manifest')
  t.equal((await ask('/v2/a/manifests/v2')).status, 404)
  const kept = await ask('/v2/a/manifests/v1')
  t.ok(Buffer.from(await kept.arrayBuffer()).equals(manifest), 'what was there is there')
  rmSync(ballast)

  const again = await pushBlob({ ask }, 'a', randomBytes(4 * MB))
  const answer = await pushManifest({ ask }, 'a/manifests/v2', manifestOver(config, [again]))
  t.equal(answer.status, 201, 'once there is room, it goes on')
  t.equal((await world.run(['fsck'])).status, 0)
})
