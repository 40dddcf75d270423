import { createHash, randomBytes } from 'node:crypto'
import { get } from 'node:http'
import t from 'tap'
import { openFakeOrigin, sha256Hex } from '../lib/fake-origin.ts'
import { openMirrorWorld } from '../lib/mirror-world.ts'
import { until } from '../lib/pull-world.ts'
import { soaks } from '../soak/random.ts'

const MB = 1_000_000
const clients = 50

/** A client that takes a body as it comes and says what it was; `leaveAfter` so many bytes it hangs up. */
function take(url: string, leaveAfter = Number.POSITIVE_INFINITY): Promise<string> {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha256')
    let bytes = 0
    const asked = get(url, { agent: false }, answer => {
      answer.on('error', reject)
      answer.on('data', (piece: Buffer) => {
        hash.update(piece)
        bytes += piece.length
        if (bytes < leaveAfter) return
        asked.destroy()
        resolve('left')
      })
      answer.on('end', () => resolve(`${answer.statusCode} ${hash.digest('hex')}`))
    })
    asked.on('error', reject)
  })
}

t.test(
  '50 clients of one cold blob are one request; the first hangs up, all others are right',
  async t => {
    const origin = await openFakeOrigin()
    const world = await openMirrorWorld({ a: `${origin.url}a/` })
    t.teardown(async () => {
      await world.remove()
      await origin.close()
    })
    const body = randomBytes(soaks() ? 200 * MB : 24 * MB)
    origin.items.set('a/pool/blob_1_all.deb', { body })
    const url = `${world.url}/apt/a/pool/blob_1_all.deb`
    const first = take(url, 1)
    await until(() => origin.requests.length > 0)
    const others = Array.from({ length: clients - 1 }, () => take(url))
    t.equal(await first, 'left')
    t.strictSame([...new Set(await Promise.all(others))], [`200 ${sha256Hex(body)}`])
    t.equal(origin.requests.length, 1, 'one request upstream')
    await until(() => world.pull.statistics().flights === 0)
    t.equal(world.pull.statistics().bytesFetched, body.length)
    await origin.close()
    t.equal(await take(url), `200 ${sha256Hex(body)}`, 'and it is stored')
  }
)
