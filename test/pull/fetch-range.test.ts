import t from 'tap'
import { fetchRange } from '../../src/pull/fetch-range.ts'
import { openFetchUpstream } from '../../src/pull/fetch-upstream.ts'
import {
  type Misbehaviour,
  neverEnds,
  openFakeOrigin,
  silence,
  status
} from '../lib/fake-origin.ts'
import { until } from '../lib/pull-world.ts'

const body = Buffer.from('0123456789'.repeat(100))

/** Says a part, and sends something. */
function part(range: string, bytes: Buffer, length = bytes.length): Misbehaviour {
  return (_request, response) => {
    response.writeHead(206, { 'content-range': range, 'content-length': length })
    response.write(bytes, () => {
      if (length === bytes.length) response.end()
      else response.socket?.end()
    })
  }
}

t.test('a part of an item is exactly that part, or none', async t => {
  const origin = await openFakeOrigin()
  const fetchUpstream = openFetchUpstream()
  t.teardown(async () => {
    fetchUpstream.close()
    await origin.close()
  })
  const read = async (faults: Misbehaviour[], signal = new AbortController().signal) => {
    origin.items.set('x', { body, ranges: true, faults })
    const range = { start: 10, end: 25 }
    const wanted = { url: `${origin.url}x`, requestHeaders: { accept: 'a/b' } }
    let text = ''
    for await (const piece of fetchRange(fetchUpstream, wanted, range, signal)) {
      text += Buffer.from(piece).toString()
    }
    return text
  }
  t.equal(await read([]), '012345678901234')
  t.match(origin.requests[0]?.headers, { range: 'bytes=10-24', accept: 'a/b' })
  const good = body.subarray(10, 25)
  const faults: Array<[string, Misbehaviour]> = [
    ['all of it', (_request, response) => void response.writeHead(200).end(body)],
    ['all of it, for ever', neverEnds()],
    ['another part', part('bytes 0-14/1000', good)],
    ['a longer one', part('bytes 10-25/1000', body.subarray(10, 26))],
    ['more than it says', part('bytes 10-24/1000', body)],
    ['less than it says', part('bytes 10-24/1000', good.subarray(1))],
    ['half of it', part('bytes 10-24/1000', good.subarray(8), 15)],
    ['no range', part('', good)],
    ['not found', status(404)],
    ['that there is no such part', status(416)],
    ['that it is not able to', status(501)]
  ]
  for (const [name, fault] of faults) await t.rejects(read([fault]), Error, name)
  const leaving = new AbortController()
  const { length } = origin.requests
  const left = read([silence()], leaving.signal)
  await until(() => origin.requests.length > length)
  leaving.abort()
  await t.rejects(left, Error, 'who leaves')
  t.equal(await read([]), '012345678901234', 'and again')
})
