import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { digestOf } from '../../src/base/digest.ts'
import { inSteps, openFakeOrigin } from '../lib/fake-origin.ts'
import { bodyOf, openPullWorld, until, wantedItem } from '../lib/pull-world.ts'

t.test('kill -9 in the middle of a flight leaves no item, and the next run fetches it', async t => {
  const home = mkdtempSync(join(tmpdir(), 'cairn-crash-'))
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  const body = Buffer.alloc(6_000_000, 'cairn')
  const steps = inSteps({ body }, 3_000_000)
  origin.items.set('a.deb', { body, faults: [steps.fault] })
  const script = fileURLToPath(new URL('./fetch-process.ts', import.meta.url))
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', script, home, origin.url, 'a.deb'],
    { stdio: ['ignore', 'pipe', 'inherit'] }
  )
  t.teardown(() => child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  steps.next()
  const [told] = await once(child.stdout, 'data')
  t.match(String(told), /reading/)
  child.kill('SIGKILL')
  t.same(await exited, [null, 'SIGKILL'])

  const world = openPullWorld({ home })
  t.teardown(() => world.remove())
  const wanted = wantedItem(origin, 'a.deb')
  t.equal(world.catalog.get(wanted.key), undefined)
  t.same(readdirSync(join(home, 'flights')), [], 'no half download is left')
  const answer = await world.pull.fetch(wanted)
  t.equal(digestOf('sha256', await bodyOf(answer)), digestOf('sha256', body))
  await until(() => world.pull.statistics().flights === 0)
  t.equal(world.catalog.get(wanted.key)?.bytes, body.length)
})
