import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { makeWorld } from './run-cairn.ts'

t.test('what is off is not asked, and what is held is served', async t => {
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  origin.items.set('one/a', { body: Buffer.from('a') })
  origin.items.set('one/b', { body: Buffer.from('b') })
  origin.items.set('two/a', { body: Buffer.from('a') })
  const world = await makeWorld(t)
  await mkdir(world.home)
  const config = join(world.home, 'config.yaml')
  await writeFile(
    config,
    `# mine\napt:\n  upstreams:\n    one: ${origin.url}one/ # the first\n    two: ${origin.url}two/\n`
  )
  const daemon = await world.start()
  const get = async (path: string) => {
    const answer = await fetch(`${daemon.url}apt/${path}`)
    return { status: answer.status, text: await answer.text() }
  }
  t.match(await get('one/a'), { status: 200, text: 'a' })
  t.equal(await world.line(['offline']), 'online')

  t.equal(await world.line(['offline', 'on', 'apt/one']), 'online, but for apt/one')
  const before = origin.requests.length
  t.match(await get('one/a'), { status: 200, text: 'a' })
  t.match(await get('one/b'), { status: 502, text: /one is configured to be offline/ })
  t.equal(origin.requests.length, before)
  t.equal((await get('two/a')).status, 200, 'the other is asked')
  t.match(JSON.parse(await world.line(['stats', '--json'])).pull, { troubles: [] })

  t.match(await world.line(['offline', 'on']), /^offline: no upstream is asked/)
  t.match(await get('two/b'), { status: 502, text: /cairn offline off/ })
  t.match(JSON.parse(await world.line(['offline', '--json'])), {
    offline: true,
    upstreams: ['apt/one']
  })
  await world.line(['offline', 'off'])
  t.equal(await world.line(['offline', 'off', 'apt/one']), 'online')
  t.match(await get('one/b'), { status: 200, text: 'b' })
  t.match(await readFile(config, 'utf8'), /^# mine/)

  const unknown = await world.run(['offline', 'on', 'apt/none'])
  t.equal(unknown.status, 1)
  t.match(unknown.stderr, /apt\/none is not configured; there are: apt\/one, apt\/two/)
  t.equal((await world.run(['offline', 'maybe'])).status, 2)
})
