import { spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { CID } from 'multiformats/cid'
import t, { type Test } from 'tap'
import { holding } from '../../src/base/holding.ts'
import { checkStore } from '../../src/store/check.ts'
import { collect, openNamed } from './collect-lib.ts'
import { makeHome, type TestHome } from './lib.ts'

const program = fileURLToPath(new URL('./collect-process.ts', import.meta.url))
const rounds = 15

/** A collector of its own process, once it has begun. */
async function startCollector(home: TestHome) {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, home.segments, home.databasePath],
    { stdio: ['ignore', 'pipe', 'inherit'] }
  )
  const exited = once(child, 'exit')
  let lines = 0
  child.stdout.on('data', (chunk: Buffer) => {
    lines += chunk.toString('latin1').split('\n').length - 1
  })
  await Promise.race([once(child.stdout, 'data'), exited])
  return {
    get collections() {
      return lines
    },
    async kill() {
      child.kill('SIGKILL')
      const [status] = await exited
      return status as number | null
    }
  }
}

/** What must be readable, by name, and bytes that were written and forgotten, to be written again. */
class Model {
  readonly files = new Map<string, Buffer>()
  readonly #named: ReturnType<typeof openNamed>
  readonly #home: string
  #garbage: Buffer[] = []

  constructor(named: ReturnType<typeof openNamed>, home: string) {
    this.#named = named
    this.#home = home
  }

  async step(): Promise<void> {
    const name = `file ${randomInt(60)}`
    const what = randomInt(10)
    const old = this.files.get(name)
    if (what < 3 && old !== undefined) {
      this.#named.unname(name)
      this.files.delete(name)
      this.#garbage.push(old)
    } else if (what < 4 && old !== undefined) {
      const copy = `file ${randomInt(60)}`
      this.#named.name(copy, this.#named.named(name) ?? '')
      this.files.set(copy, old)
    } else {
      await this.#write(name, what < 6 ? this.#garbage.pop() : undefined)
    }
  }

  async #write(name: string, again: Buffer | undefined): Promise<void> {
    const bytes = again ?? randomBytes(randomInt(100) < 3 ? 2_500_000 : 1 + randomInt(20_000))
    this.files.set(name, bytes)
    await holding(async () => {
      if (bytes.length > 1_000_000 && again === undefined) {
        this.#named.adopt(name, join(this.#home, 'draft'), bytes)
        return
      }
      const cid = this.#named.write(bytes)
      if (randomInt(3) === 0) await turn()
      this.#named.name(name, cid)
    })
  }

  /** Names whose bytes are not what was written. */
  wrong(named: ReturnType<typeof openNamed>): string[] {
    return [...this.files.keys()].filter(name => !this.isRight(named, name))
  }

  isRight(named: ReturnType<typeof openNamed>, name: string): boolean {
    const bytes = this.files.get(name) ?? Buffer.alloc(0)
    const { code, multihash } = CID.parse(named.named(name) ?? '')
    return named.read(code, multihash.bytes, bytes.length).equals(bytes)
  }
}

function verify(t: Test, home: TestHome, model: Model): void {
  const fresh = openNamed(home)
  t.same(model.wrong(fresh), [], `all of ${model.files.size} files are as they were written`)
  t.same(checkStore({ segments: home.segments, database: fresh.database }).damaged, [])
  fresh.end()
}

t.test(
  'kill -9 of a collector at any moment, beside a writer and reader, loses nothing',
  async t => {
    const home = makeHome()
    t.teardown(home.remove)
    const named = openNamed(home)
    const model = new Model(named, home.home)
    let collections = 0
    for (let round = 0; round < rounds; round++) {
      const collector = await startCollector(home)
      for (let step = randomInt(150); step > 0; step--) {
        await model.step()
        const [some] = model.files.keys()
        if (some !== undefined && !model.isRight(named, some)) t.fail(`${some} is wrong`)
        if (step % 8 === 0) await turn()
      }
      t.equal(await collector.kill(), null, 'it was killed, it did not fail')
      collections += collector.collections
      t.same(model.wrong(named), [], 'by a reader that remembers places')
      verify(t, home, model)
    }
    named.end()
    const last = openNamed(home)
    const report = await collect(home, last.database)
    t.comment(`${collections} collections begun`, report)
    const lived = [...model.files.values()].reduce((sum, { length }) => sum + length, 0)
    const { bytes, segmentBytes } = last.store.statistics()
    t.ok(bytes < lived * 1.02 + 10_000, `${bytes} bytes are kept for ${lived}`)
    t.ok(segmentBytes < lived * 1.6 + 600_000, `in ${segmentBytes} of segments`)
    last.end()
    verify(t, home, model)
  }
)
