import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openPodman, ran, skopeoCopy, writePolicy } from '../lib/oci-clients.ts'
import { requireRoot } from '../lib/skip.ts'
import { setUp } from './client-setting.ts'

t.test('an index of several architectures goes through whole', async t => {
  if (!requireRoot(t)) return
  const setting = await setUp(t, ['buildah'])
  if (setting === undefined) return
  const { address, folder, origin } = setting
  const { buildah } = openPodman(folder, '')
  const policy = `--signature-policy=${writePolicy(folder)}`
  writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY hello.c /src/\n')
  await buildah('manifest', 'create', 'localhost/both')
  for (const arch of ['amd64', 'arm64']) {
    const image = `localhost/of:${arch}`
    await buildah('bud', policy, '--arch', arch, '--isolation=chroot', '-t', image, folder)
    await buildah('manifest', 'add', 'localhost/both', image)
  }
  for (const registry of [address, origin.address]) {
    const to = `docker://${registry}/lib/both:1`
    await buildah('manifest', 'push', policy, '--all', '--tls-verify=false', 'localhost/both', to)
  }
  const rawOf = async (image: string) =>
    await ran('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${image}`])
  const pushed = await rawOf(`${address}/lib/both:1`)
  t.equal(JSON.parse(pushed).manifests.length, 2)
  t.equal(await rawOf(`${address}/up.test/lib/both:1`), await rawOf(`${origin.address}/lib/both:1`))
  for (const name of ['lib/both', 'up.test/lib/both']) {
    const back = `oci:${join(folder, name.replaceAll('/', '-'))}:1`
    await skopeoCopy(`docker://${address}/${name}:1`, back, '--all')
  }
})
