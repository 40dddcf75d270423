import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { rootOfName } from '../../src/names/publisher.ts'
import { decodeRecord } from '../../src/names/record.ts'
import { makeNames } from './names-home.ts'

interface Told {
  readonly published?: string
  readonly sequence?: number
  readonly cid?: string
  readonly followed?: string
  readonly rotated?: string
}

t.test('publishing, rotating and following survive kill -9 at every step', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-kill-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const machine of ['publisher', 'follower']) mkdirSync(join(folder, machine))
  const entry = new URL('./change-forever.ts', import.meta.url).pathname
  let last: Told = {}
  let followed = ''
  for (const lines of [1, 2, 3, 5, 14, 15, 16, 17, 23, 31]) {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', entry, folder],
      {
        stdio: ['ignore', 'pipe', 'inherit']
      }
    )
    const ended = once(child, 'exit')
    let count = 0
    for await (const line of createInterface(child.stdout)) {
      const told = JSON.parse(line) as Told
      last = { ...last, ...told }
      followed = told.followed ?? followed
      if (++count === lines) child.kill('SIGKILL')
    }
    t.strictSame(await ended, [null, 'SIGKILL'])

    const publisher = makeNames(t, { nowMs: Date.now() }, join(folder, 'publisher'))
    const key = publisher.names.keys.find('blog')
    const told = last.published ?? ''
    const record = publisher.names.record(told)
    if (record === undefined) throw new Error('what was told to be published is gone')
    t.ok(decodeRecord(told, record.bytes), 'whole and signed')
    t.ok(Number(record.sequence) >= (last.sequence ?? 0), 'never behind what was told')
    if (record.successor === undefined) {
      const root = publisher.roots.get(rootOfName(told))?.cid
      t.equal(record.value, `/ipfs/${root}`, 'record and root moved together')
      t.equal(key?.name, told)
    } else {
      t.equal(key?.name, record.successor, 'the alias went along with the pointer')
      t.match(publisher.names.record(record.successor)?.value, /^\/ipfs\//)
    }
    publisher.close()

    const follower = makeNames(t, { nowMs: Date.now() }, join(folder, 'follower'))
    const [follow] = follower.names.follows()
    if (followed !== '') t.ok(follow?.cid, 'shows something from the first answer on')
    for (const cid of [follow?.cid, follow?.kept]) {
      if (cid !== undefined)
        t.ok([...follower.reader.walk(cid)].length > 0, 'and all of it is here')
    }
    follower.close()
  }
})
