import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { makeWorld } from './run-cairn.ts'

t.test('numbers of each mirror, by the command and for Prometheus', async t => {
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  origin.items.set('pool/a_1_all.deb', { body: Buffer.alloc(2000, 'a') })
  const world = await makeWorld(t)
  t.match(await world.run(['stats']), { status: 1, stderr: /no daemon runs/ })
  await mkdir(world.home)
  await writeFile(join(world.home, 'config.yaml'), `apt:\n  upstreams:\n    one: ${origin.url}\n`)
  const daemon = await world.start()
  for (let round = 0; round < 3; round++) {
    await (await fetch(`${daemon.url}apt/one/pool/a_1_all.deb`)).arrayBuffer()
  }
  await fetch(`${daemon.url}apt/one/pool/none_1_all.deb`)
  const { pull, catalog } = JSON.parse(await world.line(['stats', '--json']))
  t.match(pull.adapters, {
    apt: { requests: 4, hits: 2, bytesServed: 6000, bytesFetched: 2000, failures: 0 }
  })
  t.match(pull, { requests: 4, hits: 2 })
  t.match(catalog.adapters, { apt: { items: 1, bytes: 2000 } })
  const text = await world.line(['stats'])
  t.match(text, /^ +requests +hits/)
  t.match(text, /^apt +4 +2 +0 +0 +5\.9 KiB +2\.0 KiB +1 +2\.0 KiB$/m)
  const metrics = await (await fetch(`${daemon.url}metrics`)).text()
  t.match(metrics, /^cairn_pull_hits_total\{adapter="apt"\} 2$/m)
  t.match(metrics, /^cairn_catalog_bytes\{adapter="apt"\} 2000$/m)
})
