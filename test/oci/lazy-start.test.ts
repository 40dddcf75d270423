import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { copyFile, readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { makeWorld, until } from '../cli/run-cairn.ts'
import { inSteps, ofWhole, openFakeOrigin } from '../lib/fake-origin.ts'
import { ociFolder, ran, skopeoCopy } from '../lib/oci-clients.ts'
import { requireClient, requireContainers, requireFuse, requireRoot } from '../lib/skip.ts'

/** A dynamically linked program in a layer of its own, over one with the libraries it wants; of zstd:chunked. */
async function dynamicImage(folder: string): Promise<string> {
  const [lower, upper] = [join(folder, 'lower'), join(folder, 'upper')]
  for (const name of ['proc', 'dev', 'sys', 'tmp', 'run', 'etc', 'usr']) {
    mkdirSync(join(lower, name), { recursive: true })
  }
  mkdirSync(join(upper, 'bin'), { recursive: true })
  const source = '#include <stdio.h>\nint main(int c, char **v) { printf("hello %s\\n", v[1]); }\n'
  writeFileSync(join(folder, 'hello.c'), source)
  await ran('gcc', ['-o', join(upper, 'bin/hello'), join(folder, 'hello.c')])
  const linked = await ran('ldd', [join(upper, 'bin/hello')])
  for (const [, path = ''] of linked.matchAll(/(\/\S+) \(0x/g)) {
    mkdirSync(join(lower, dirname(path)), { recursive: true })
    await copyFile(path, join(lower, path))
  }
  writeFileSync(join(lower, 'usr/big'), randomBytes(3_000_000))
  const image = `${folder}/layout:v1`
  await ran('umoci', ['init', '--layout', `${folder}/layout`])
  await ran('umoci', ['new', '--image', image])
  for (const layer of [lower, upper]) {
    const owned = ['--owner=:0', '--group=:0', '--sort=name']
    await ran('tar', ['-C', layer, ...owned, '-cf', `${layer}.tar`, '.'])
    await ran('umoci', ['raw', 'add-layer', '--image', image, `${layer}.tar`])
  }
  const start = ['--config.entrypoint', '/bin/hello', '--config.cmd', 'world']
  await ran('umoci', ['config', '--image', image, ...start])
  const chunked = join(folder, 'chunked')
  await skopeoCopy(`oci:${image}`, `oci:${chunked}:v1`, '--dest-compress-format', 'zstd:chunked')
  return chunked
}

interface Descriptor {
  readonly digest: string
}

t.test('a dynamic program starts while no layer is here', async t => {
  if (!requireRoot(t) || !requireFuse(t) || !requireContainers(t)) return
  for (const client of ['gcc', 'runc', 'chroot', 'umoci', 'skopeo']) {
    if (!requireClient(t, client)) return
  }
  const folder = ociFolder(t)
  const layout = await dynamicImage(folder)
  const blob = (digest: string) => readFileSync(join(layout, 'blobs', digest.replace(':', '/')))
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'))
  const [{ digest }] = index.manifests as [Descriptor]
  const manifest = blob(digest)
  const { config, layers, mediaType } = JSON.parse(manifest.toString()) as {
    config: Descriptor
    layers: Descriptor[]
    mediaType?: string
  }
  const origin = await openFakeOrigin()
  t.teardown(origin.close)
  const type = mediaType ?? 'application/vnd.oci.image.manifest.v1+json'
  const headers = { 'docker-content-digest': digest, 'content-type': type }
  for (const reference of ['v1', digest]) {
    origin.items.set(`v2/app/manifests/${reference}`, { body: manifest, headers })
  }
  origin.items.set(`v2/app/blobs/${config.digest}`, { body: blob(config.digest) })
  // Half of each layer, and the rest when the program has run.
  const halves = layers.map(({ digest }) => {
    const item = { body: blob(digest) }
    const half = inSteps(item, Math.ceil(item.body.length / 2))
    origin.items.set(`v2/app/blobs/${digest}`, ofWhole(half.fault, item))
    return half
  })
  const next = () => {
    for (const half of halves) half.next()
  }

  const world = await makeWorld(t)
  mkdirSync(world.home, { recursive: true })
  writeFileSync(join(world.home, 'config.yaml'), `oci:\n  upstreams:\n    up: ${origin.url}\n`)
  await world.start(['--mount', ociFolder(t)])
  next()
  const said = JSON.parse(await world.line(['oci', 'run-ready', 'up/app:v1', '--json']))
  const { rootfs, bundle, args } = said
  t.equal(await ran('chroot', [rootfs, ...args]), 'hello world')
  const id = `cairn-lazy-${process.pid}`
  const run = ['--root', join(folder, 'runc'), 'run', '--bundle', bundle, id]
  t.equal(await ran('runc', run), 'hello world')
  const early = await stat(join(rootfs, 'bin/hello'))
  t.ok((await readdir(join(rootfs, 'usr'))).includes('big'), 'a folder is listed')
  const big = readFileSync(join(folder, 'lower/usr/big'))
  t.ok((await readFile(join(rootfs, 'usr/big'))).equals(big), 'a file is read')
  t.equal(await ran('chroot', [rootfs, ...args]), 'hello world', 'and again')
  next()
  await until(async () => existsSync(`${rootfs}.owners`))
  t.equal((await stat(join(rootfs, 'bin/hello'))).ino, early.ino)
  t.ok((await readFile(join(rootfs, 'usr/big'))).equals(big))
  t.equal(await ran('runc', [...run.slice(0, -1), `${id}-2`]), 'hello world', 'when all is here')
  for (const { digest } of layers) {
    const asked = origin.requests.filter(({ path }) => path === `v2/app/blobs/${digest}`)
    const whole = asked.filter(({ headers }) => headers.range === undefined)
    t.equal(whole.length, 1)
    t.ok(asked.length > 1, 'and what the program wanted')
  }
})
