import { mkdir, writeFile } from 'node:fs/promises'
import t from 'tap'
import { makeWorld } from '../cli/run-cairn.ts'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { digest256 } from '../lib/registry-world.ts'

const indexType = 'application/vnd.oci.image.index.v1+json'
const manifestType = 'application/vnd.oci.image.manifest.v1+json'

t.test('cairn warm oci holds images whole, and says what cannot be had', async t => {
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  const blob = (mediaType: string, text: string) => {
    const body = Buffer.from(text)
    origin.items.set(`v2/app/blobs/${digest256(body)}`, { body })
    return { mediaType, digest: digest256(body), size: body.length }
  }
  const manifest = (reference: string | undefined, value: object, mediaType: string) => {
    const body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...value }))
    const digest = digest256(body)
    const headers = { 'content-type': mediaType, 'docker-content-digest': digest }
    for (const name of [reference, digest].filter(name => name !== undefined)) {
      origin.items.set(`v2/app/manifests/${name}`, { body, headers })
    }
    return { mediaType, digest, size: body.length }
  }
  const image = (arch: string) => {
    const config = blob('application/vnd.oci.image.config.v1+json', `{"architecture":"${arch}"}`)
    const shared = blob('application/vnd.oci.image.layer.v1.tar', 'shared')
    const own = blob('application/vnd.oci.image.layer.v1.tar', `layer for ${arch}`)
    const elsewhere = { ...own, digest: digest256(Buffer.from('x')), urls: ['https://x.test/'] }
    const layers = [shared, own, elsewhere]
    const described = manifest(undefined, { config, layers }, manifestType)
    return { ...described, platform: { os: 'linux', architecture: arch }, own }
  }
  const images = ['amd64', 'arm64'].map(image)
  manifest('v1', { manifests: images.map(({ own: _, ...descriptor }) => descriptor) }, indexType)
  const world = await makeWorld(t)
  await mkdir(world.home, { recursive: true })
  const settings = `oci:\n  upstreams:\n    up: ${origin.url}\n`
  await writeFile(`${world.home}/config.yaml`, settings)
  t.match(await world.run(['warm', 'oci', 'up/app:v1']), { status: 1, stderr: /no daemon runs/ })
  t.match(await world.run(['warm', 'oci', 'No/Name']), { status: 2, stderr: /NAME:TAG/ })
  const { url } = await world.start()
  const arch = ['warm', 'oci', 'up/app:v1', '--json', '--arch']
  t.match(JSON.parse(await world.line([...arch, 'arm64'])), { images: 1, blobs: 3, failed: [] })
  t.match(await world.run(['warm', 'oci', 'up/none:v1', 'up/app:v1', '--arch', 'amd64']), {
    status: 1,
    stdout: /held 3 blobs of 2 images/,
    stderr: /1 could not be had, the first: up\/none:v1/
  })
  t.match(await world.run(['warm', 'oci', 'up/app:v1', '--arch', 'vax']), {
    status: 1,
    stderr: /linux\/vax/
  })
  const asked = origin.requests.filter(({ path }) => path.includes('/blobs/')).length
  t.equal(asked, 5, 'each blob once')
  await origin.down()
  for (const { own } of images) {
    const answer = await fetch(`${url}v2/up/app/blobs/${own.digest}`)
    t.match(await answer.text(), /layer for/)
  }
})
