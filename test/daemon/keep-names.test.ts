import t, { type Test } from 'tap'
import { openNameKeeping } from '../../src/daemon/keep-names.ts'
import { addFolder, day, makeNames, refresherOf, sourceOf, still } from '../names/names-home.ts'

/** The keeping of a machine whose /mfs stands where the test says. `hear`: how long kernels take to hear. */
function setup(t: Test, hear = async () => {}) {
  const machine = makeNames(t)
  const told: string[] = []
  const moved: string[][] = []
  const logged: string[] = []
  const note = (_: object, message: string) => void logged.push(message)
  const log = { info: note, warn: note, debug: note, error: note }
  const keeping = openNameKeeping({
    names: machine.names,
    content: machine,
    refresher: refresherOf(machine, []),
    asks: false,
    sinks: [
      { label: 'a full one', tell: () => Promise.reject(new Error('no room')) },
      { label: 'a good one', tell: async name => void told.push(name) }
    ],
    clock: { nowMs: () => machine.time.nowMs },
    log: log as unknown as Parameters<typeof openNameKeeping>[0]['log'],
    moved: async entries => {
      moved.push([...entries].toSorted())
      await hear()
    }
  })
  t.teardown(() => keeping.close())
  const seal = (text: string) => {
    const { roots } = machine
    const cid = addFolder(machine, text)
    roots.advance('mfs', roots.get('mfs')?.cid, cid, { profile: '', reason: 'seal' })
    return cid
  }
  return { ...machine, keeping, seal, told, moved, logged }
}

t.test(
  'a seal that moved a published folder publishes it, and many within a second are one record',
  async t => {
    const { names, time, keeping, seal, told, logged } = setup(t)
    const { name } = names.keys.create('blog')
    names.publish('blog', { ...still, cid: seal('one'), path: '' })
    const sequence = () => Number(names.record(name)?.sequence)
    keeping.sealed()
    t.equal(sequence(), 0, 'nothing moved')
    for (const text of ['two', 'three', 'four']) {
      seal(text)
      keeping.sealed()
    }
    t.equal(sequence(), 1)
    time.nowMs += 1000
    const last = seal('five')
    keeping.sealed()
    t.equal(sequence(), 2)
    t.equal(names.record(name)?.value, `/ipfs/${last}`)
    keeping.sealed()
    t.equal(sequence(), 2, 'once')
    t.strictSame(told, [name, name], 'each record is handed on')
    await new Promise(resolve => setImmediate(resolve))
    t.ok(
      logged.includes('a record was not taken'),
      'one who takes none is told of, and holds up nobody'
    )
  }
)

t.test('a folder that is gone, or one published elsewhere too, stays as it was', async t => {
  const { names, time, keeping, seal } = setup(t)
  const { name } = names.keys.create('blog')
  const folder = seal('one')
  names.publish('blog', { ...still, cid: folder, path: 'none/deeper' })
  seal('two')
  keeping.sealed()
  t.equal(names.record(name)?.sequence, 0n)
  const other = makeNames(t, time)
  other.names.keys.import('blog', names.keys.export('blog', 'pem'))
  const foreign = other.names.publish('blog', { ...still, cid: folder, lifetimeMs: 9 * day })
  t.equal(names.take(name, foreign.record), 'foreign')
  names.publish('blog', { ...still, cid: folder, path: '', settle: true })
  const again = other.names.publish('blog', { ...still, cid: folder, lifetimeMs: 8 * day })
  t.equal(names.take(name, again.record), 'foreign', 'of the sequence that is ours')
  time.nowMs += 60_000
  seal('three')
  keeping.sealed()
  t.equal(names.record(name)?.sequence, 1n)
})

t.test('kernels are told of every entry that leads elsewhere, and of no other', async t => {
  const { names, time, keeping, moved, ...machine } = setup(t)
  const publisher = makeNames(t, time)
  const { name } = publisher.names.keys.create('theirs')
  const publish = (text: string) =>
    publisher.names.publish('theirs', { ...still, cid: addFolder(publisher, text) })
  publish('one')
  await keeping.changed()
  t.strictSame(moved, [], 'the first look tells nothing')
  const never = new AbortController().signal
  names.follow(name, { alias: 'blog', whole: false })
  const refresher = refresherOf({ ...machine, names }, [sourceOf(publisher)])
  await refresher.refresh({ target: name }, never)
  await keeping.changed()
  await keeping.changed()
  publish('two')
  await refresher.refresh({ target: name }, never)
  await keeping.changed()
  names.unfollow('blog')
  await keeping.changed()
  t.strictSame(moved, [
    ['blog', name],
    ['blog', name],
    ['blog', name]
  ])
})

t.test('whoever asks while kernels are being told is answered when they have heard', async t => {
  const heard = Promise.withResolvers<void>()
  const { names, keeping, moved, ...machine } = setup(t, () => heard.promise)
  await keeping.changed()
  names.keys.create('site')
  names.publish('site', { ...still, cid: addFolder({ ...machine, names }, 'one') })
  const answered: string[] = []
  const first = keeping.changed().then(() => answered.push('first'))
  const second = keeping.changed().then(() => answered.push('second'))
  t.equal(moved.length, 1, 'they are told once')
  await new Promise(resolve => setImmediate(resolve))
  t.strictSame(answered, [], 'neither is answered yet')
  heard.resolve()
  await Promise.all([first, second])
  t.equal(answered.length, 2)
})
