import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { makeWorld } from '../cli/run-cairn.ts'
import { inSteps, openFakeOrigin } from '../lib/fake-origin.ts'
import { ociFolder, ran } from '../lib/oci-clients.ts'
import { layerOf } from '../lib/oci-layer.ts'
import { digest256, manifestOver, manifestType } from '../lib/registry-world.ts'
import { requireClient, requireContainers, requireFuse, requireRoot } from '../lib/skip.ts'

/** A root filesystem with a program that wants nothing but itself, as a layer of plain gzip. */
async function programLayer(folder: string): Promise<Buffer> {
  const root = join(folder, 'upper')
  const folders = ['bin', 'proc', 'dev', 'sys', 'tmp', 'run', 'etc']
  for (const name of folders) mkdirSync(join(root, name), { recursive: true })
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/hello\n')
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n')
  // What libc looks for there before main would wait for the layer below.
  writeFileSync(join(root, 'proc/.wh..wh..opq'), '')
  const source = '#include <stdio.h>\nint main(int c, char **v) { printf("hello %s\\n", v[1]); }\n'
  writeFileSync(join(folder, 'hello.c'), source)
  await ran('gcc', ['-static', '-o', join(root, 'bin/hello'), join(folder, 'hello.c')])
  await ran('tar', ['-C', root, '--owner=:0', '--group=:0', '-czf', `${root}.tar.gz`, '.'])
  return readFileSync(`${root}.tar.gz`)
}

t.test('a program starts while the origin still holds a layer back', async t => {
  if (!requireRoot(t) || !requireFuse(t) || !requireContainers(t)) return
  for (const client of ['gcc', 'runc', 'chroot']) if (!requireClient(t, client)) return
  const folder = ociFolder(t)
  const big = randomBytes(3_000_000)
  const lower = gzipSync(await layerOf([['usr/'], ['usr/big', big.toString('hex')]]))
  const upper = await programLayer(folder)
  const config = Buffer.from(
    JSON.stringify({ config: { Entrypoint: ['/bin/hello'], Cmd: ['world'] } })
  )
  const pushed = [config, lower, upper].map(bytes => ({ bytes, digest: digest256(bytes) }))
  const manifest = manifestOver(pushed[0]!, pushed.slice(1))
  const digest = digest256(manifest)
  const origin = await openFakeOrigin()
  t.teardown(origin.close)
  const headers = { 'docker-content-digest': digest, 'content-type': manifestType }
  for (const reference of ['v1', digest]) {
    origin.items.set(`v2/app/manifests/${reference}`, { body: manifest, headers })
  }
  for (const { bytes, digest } of pushed) {
    origin.items.set(`v2/app/blobs/${digest}`, { body: bytes })
  }
  // Half of the lower layer, and the rest when the program has run.
  const half = inSteps({ body: lower }, Math.ceil(lower.length / 2))
  const path = `v2/app/blobs/${pushed[1]!.digest}`
  origin.items.set(path, { body: lower, faults: [half.fault] })

  const world = await makeWorld(t)
  mkdirSync(world.home, { recursive: true })
  writeFileSync(join(world.home, 'config.yaml'), `oci:\n  upstreams:\n    up: ${origin.url}\n`)
  const mount = ociFolder(t)
  await world.start(['--mount', mount])
  half.next()
  const said = JSON.parse(await world.line(['oci', 'run-ready', 'up/app:v1', '--json']))
  const { rootfs, bundle, args } = said
  t.equal(await ran('chroot', [rootfs, ...args]), 'hello world')
  const id = `cairn-early-${process.pid}`
  const run = ['--root', join(folder, 'runc'), 'run', '--bundle', bundle, id]
  t.equal(await ran('runc', run), 'hello world')
  let arrived = false
  const below = readFile(join(rootfs, 'usr/big'), 'utf8').then(text => {
    arrived = true
    return text
  })
  t.equal(await ran('chroot', [rootfs, ...args]), 'hello world', 'and again, beside who waits')
  t.equal(origin.count(path), 1)
  t.notOk(arrived, 'of the lower layer nothing shows')
  half.next()
  t.equal(await below, big.toString('hex'))
  t.equal(await ran('chroot', [rootfs, ...args]), 'hello world', 'when all is here')
  t.equal(await ran('runc', [...run.slice(0, -1), `${id}-2`]), 'hello world')
  const holds = await ran('stat', ['-c', '%U %a', join(rootfs, 'usr'), join(rootfs, 'bin')])
  t.equal(holds, 'root 755\nroot 755')
})
