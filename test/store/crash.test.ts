import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { checkStore } from '../../src/store/check.ts'
import { makeHome, openStore, type TestHome } from './lib.ts'

const program = fileURLToPath(new URL('./writer-process.ts', import.meta.url))

/** Starts a writer; `flushed` grows with what it said to have flushed. */
function startWriter(home: TestHome, flushed: Set<string>, flushes?: number) {
  const child: ChildProcess = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      program,
      home.segments,
      home.databasePath,
      ...(flushes === undefined ? [] : [String(flushes)])
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] }
  )
  const lines = createInterface({ input: child.stdout! })
  let count = 0
  const waiting: Array<() => void> = []
  lines.on('line', line => {
    for (const multihash of line.split(' ')) if (multihash.length === 68) flushed.add(multihash)
    count++
    for (const wake of waiting.splice(0)) wake()
  })
  const closed = once(lines, 'close')
  const exited = once(child, 'exit')
  return {
    child,
    async flushedAtLeast(flushes: number) {
      while (count < flushes) await new Promise<void>(resolve => waiting.push(resolve))
    },
    /** The exit status, once all it said was read. */
    async ended() {
      const [[status]] = await Promise.all([exited, closed])
      return status as number | null
    }
  }
}

function verify(t: Test, home: TestHome, flushed: Set<string>): void {
  const { store, database, end } = openStore(home)
  const lost = [...flushed].filter(key => !store.has(Buffer.from(key, 'hex')))
  t.same(lost, [], `all of ${flushed.size} flushed blocks are here`)
  const { damaged, blocks } = checkStore({ segments: home.segments, database })
  t.same(damaged, [], `none of ${blocks} blocks is garbage`)
  end()
}

t.test('kill -9 at any moment loses nothing flushed and leaves no garbage', async t => {
  const home = makeHome()
  t.teardown(home.remove)
  const flushed = new Set<string>()
  for (let round = 0; round < 20; round++) {
    const writer = startWriter(home, flushed)
    await writer.flushedAtLeast(1 + ((round * 13) % 40))
    writer.child.kill('SIGKILL')
    t.equal(await writer.ended(), null, 'it was killed')
    if (round % 5 === 4) verify(t, home, flushed)
  }
  const { store, end } = openStore(home)
  const { segmentBytes, segments, bytes } = store.statistics()
  t.ok(
    segments < 3 + segmentBytes / 1_800_000,
    `${segments} segments: the dead ones are gone on with`
  )
  t.ok(segmentBytes < bytes * 1.1, 'what was cut off takes no room')
  end()
})

t.test('processes that write at once, one of them killed, do not disturb each other', async t => {
  const home = makeHome()
  t.teardown(home.remove)
  const flushed = new Set<string>()
  const writers = [1, 2].map(() => startWriter(home, flushed, 60))
  const victim = startWriter(home, flushed)
  const here = openStore(home)
  await victim.flushedAtLeast(5)
  victim.child.kill('SIGKILL')
  await victim.ended()
  const heir = startWriter(home, flushed, 30)
  for (const writer of [...writers, heir]) t.equal(await writer.ended(), 0)
  for (const key of flushed) {
    if (!here.store.has(Buffer.from(key, 'hex'))) t.fail(`${key} is not seen by an open store`)
  }
  here.end()
  verify(t, home, flushed)
})
