import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { openFakeOrigin, sha256Hex } from '../lib/fake-origin.ts'
import { xzSync } from '../lib/xz.ts'
import { makeWorld } from './run-cairn.ts'

const debs = new Map(
  ['app', 'lib', 'other'].map(name => [`pool/${name}_1_amd64.deb`, Buffer.from(`deb ${name}`)])
)
const packages = [...debs]
  .map(([path, body]) => {
    const name = path.slice(5, path.indexOf('_'))
    const depends = name === 'app' ? 'Depends: lib\n' : ''
    return `Package: ${name}\nVersion: 1\nArchitecture: amd64\n${depends}Filename: ${path}\nSize: ${body.length}\nSHA256: ${sha256Hex(body)}\n\n`
  })
  .join('')

t.test('packages and what they need are there before they are wanted', async t => {
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  const index = await xzSync(Buffer.from(packages))
  const release = `Suite: stable\nSHA256:\n ${sha256Hex(index)} ${index.length} main/binary-amd64/Packages.xz\n ${sha256Hex(index)} ${index.length} main/binary-arm64/Packages.xz\n`
  origin.items.set('dists/stable/InRelease', { body: Buffer.from(release) })
  origin.items.set('dists/stable/main/binary-amd64/Packages.xz', { body: index })
  for (const [path, body] of debs) origin.items.set(path, { body })
  const world = await makeWorld(t)
  await mkdir(world.home)
  await writeFile(join(world.home, 'config.yaml'), `apt:\n  upstreams:\n    one: ${origin.url}\n`)
  t.match(await world.run(['warm', 'apt', 'app']), { status: 1, stderr: /no daemon runs/ })
  const daemon = await world.start()
  t.match(await world.run(['warm', 'apt', 'app']), { status: 1, stderr: /no index is held yet/ })
  t.match(await world.run(['warm', 'apt', 'app', '--from', 'one']), { status: 2 })
  t.equal(await world.line(['warm', 'apt', 'app', '--from', 'one/stable']), 'held 2 packages')
  t.equal(origin.count('pool/other_1_amd64.deb'), 0)
  const none = await world.run(['warm', 'apt', 'none'])
  t.match(none, { status: 1, stderr: /no index that is held names none/ })
  await origin.down()
  const answer = await fetch(`${daemon.url}apt/one/pool/lib_1_amd64.deb`)
  t.equal(await answer.text(), 'deb lib')
  const said = await world.run(['warm', 'apt', 'other', '--json'])
  t.equal(said.status, 1)
  t.match(said.stdout, /"packages":0/)
  t.match(said.stderr, /1 could not be had, the first: .*other_1_amd64\.deb: 502/)
})
