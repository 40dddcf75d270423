import t from 'tap'
import { openPoliteFetch } from '../../src/pull/polite-fetch.ts'

t.test('an upstream that asks to be left alone is, for as long as it asks', async t => {
  const start = Date.parse('2026-01-01T00:00:00Z')
  const table: Array<[status: number, header: string | undefined, seconds: number]> = [
    [429, '7', 7],
    [503, '7', 7],
    [429, ' 30 ', 30],
    [429, 'Thu, 01 Jan 2026 00:01:00 GMT', 60],
    [429, '999999999', 3600],
    [429, 'Fri, 01 Jan 2100 00:00:00 GMT', 3600],
    [429, 'Thu, 01 Jan 2015 00:00:00 GMT', 0],
    [429, 'soon', 0],
    [429, '-5', 0],
    [429, undefined, 0],
    [404, '7', 0],
    [200, '7', 0]
  ]
  for (const [status, header, seconds] of table) {
    let nowMs = start
    let asked = 0
    const polite = openPoliteFetch(
      async () => {
        asked++
        const headers = new Headers(header === undefined ? {} : { 'retry-after': header })
        return { status, headers, body: undefined }
      },
      { nowMs: () => nowMs }
    )
    const ask = (url = 'http://up.test/x') =>
      polite(url, { headers: {}, signal: new AbortController().signal })
    const name = `${status} ${header}`
    await ask()
    await ask('http://other.test/')
    t.equal(asked, 2, `${name}: other upstreams are not meant`)
    if (seconds > 0) {
      nowMs = start + seconds * 1000 - 1
      await t.rejects(ask('http://up.test/y'), { code: 'upstream' }, name)
      t.equal(asked, 2, `${name}: not sent`)
      nowMs++
    }
    await ask()
    t.equal(asked, 3, `${name}: then again`)
  }
})
