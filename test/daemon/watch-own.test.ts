import t, { type Test } from 'tap'
import { limits } from '../../src/base/limits.ts'
import { openNameKeeping } from '../../src/daemon/keep-names.ts'
import { addFolder, makeNames, refresherOf, sourceOf, still } from '../names/names-home.ts'

/** A machine whose key another has too; others are asked when the test lets them answer. */
function setup(t: Test) {
  const here = makeNames(t)
  const there = makeNames(t, here.time)
  const { name } = here.names.keys.create('blog')
  there.names.keys.import('blog', here.names.keys.export('blog', 'pem'))
  const source = sourceOf(there)
  let asked = 0
  const counting = {
    ...source,
    ask: async (which: string, signal: AbortSignal) => {
      asked++
      return await source.ask(which, signal)
    }
  }
  const warned: string[] = []
  const log = {
    info: () => {},
    debug: () => {},
    error: () => {},
    warn: (_: object, text: string) => void warned.push(text)
  }
  const keeping = openNameKeeping({
    names: here.names,
    content: here,
    refresher: refresherOf(here, [counting]),
    asks: true,
    sinks: [],
    clock: { nowMs: () => here.time.nowMs },
    log: log as unknown as Parameters<typeof openNameKeeping>[0]['log'],
    moved: async () => {}
  })
  t.teardown(() => keeping.close())
  return { here, there, name, keeping, warned, asked: () => asked }
}

t.test('a key that comes from elsewhere goes on above what others hold of it', async t => {
  const { here, there, name, keeping, asked } = setup(t)
  for (const text of ['one', 'two', 'three']) {
    there.names.publish('blog', { ...still, cid: addFolder(there, text) })
  }
  await keeping.lookOut('blog')
  const { sequence } = here.names.publish('blog', { ...still, cid: addFolder(here, 'mine') })
  t.equal(sequence, 3n)
  t.match(here.names.find(name), { alias: 'blog' })
  await keeping.lookOut('blog')
  await keeping.lookOut('none')
  t.equal(asked(), 1, 'once after the start')
})

t.test('an old copy of a home publishes nothing by itself: others hold what is newer', async t => {
  const { here, there, name, keeping } = setup(t)
  const folder = addFolder(here, 'one')
  here.roots.advance('mfs', undefined, folder, { profile: '', reason: 'seal' })
  here.names.publish('blog', { ...still, cid: folder, path: '' })
  for (const text of ['one', 'two']) {
    there.names.publish('blog', { ...still, cid: addFolder(there, text) })
  }
  here.time.nowMs += limits.nameRenewMs
  here.roots.advance('mfs', folder, addFolder(here, 'two'), { profile: '', reason: 'seal' })
  keeping.sealed()
  t.equal(here.names.record(name)?.sequence, 0n, 'not before others were asked')
  await keeping.lookOut('blog')
  keeping.sealed()
  t.equal(here.names.record(name)?.sequence, 0n, 'nor after: they hold another')
  t.match(here.names.heads(), [{ name, sequence: 1n }])
  t.throws(() => here.names.publish('blog', { ...still, cid: folder }), { code: 'conflict' })
})
