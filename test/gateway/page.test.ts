import t from 'tap'
import { cidOf, makeSite, openGateway } from './gateway-world.ts'

t.test('a file comes whole, by range, and not again', async t => {
  const gateway = await openGateway(t)
  const site = makeSite(gateway)
  const url = `${gateway.url}/ipfs/${cidOf(site.site)}/long.bin`
  const whole = await fetch(url)
  t.equal(whole.status, 200)
  t.same(Buffer.from(await whole.arrayBuffer()), site.bytes)
  const etag = whole.headers.get('etag')
  t.equal(etag, `"${cidOf(site.long)}"`)
  t.match(whole.headers.get('cache-control'), 'immutable')
  t.equal(whole.headers.get('x-ipfs-roots'), `${cidOf(site.site)},${cidOf(site.long)}`)

  const part = await fetch(url, { headers: { range: 'bytes=1048570-1048581' } })
  t.equal(part.status, 206)
  t.equal(part.headers.get('content-range'), `bytes 1048570-1048581/${site.bytes.length}`)
  t.same(Buffer.from(await part.arrayBuffer()), site.bytes.subarray(1048570, 1048582))

  const beyond = await fetch(url, { headers: { range: `bytes=${site.bytes.length}-` } })
  t.equal(beyond.status, 416)
  for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const again = await fetch(url, { headers: { 'if-none-match': tag ?? '' } })
    t.equal(again.status, 304, `if-none-match: ${tag}`)
    t.equal(await again.text(), '')
  }
  const other = await fetch(url, { headers: { range: 'bytes=0-3', 'if-range': '"other"' } })
  t.equal(other.status, 200, 'a range of another version is the whole')
  await other.body?.cancel()
  const head = await fetch(url, { method: 'HEAD' })
  t.equal(head.headers.get('content-length'), String(site.bytes.length))
})

t.test('a folder is its index.html, or a page of its entries', async t => {
  const gateway = await openGateway(t)
  const site = makeSite(gateway)
  const base = `${gateway.url}/ipfs/${cidOf(site.site)}`
  const bare = await fetch(`${base}?x=1`, { redirect: 'manual' })
  t.equal(bare.status, 301)
  t.equal(bare.headers.get('location'), `/ipfs/${cidOf(site.site)}/?x=1`)
  const index = await fetch(`${base}/`)
  t.equal(await index.text(), '<h1>hello</h1>')
  t.match(index.headers.get('content-type'), 'text/html')
  t.match(index.headers.get('content-security-policy'), "script-src 'none'", 'scripts do not run')

  const listing = await fetch(`${base}/inner/`)
  const text = await listing.text()
  t.match(text, 'href="./note.txt"')
  t.match(text, `href="./gr%C3%B6%C3%9Fe%20%26%20%3Cb%3E"`)
  t.notMatch(text, '<b>', 'names are text')
  t.match(text, cidOf(site.note).toString())
  const found = await fetch(`${base}/inner/gr%C3%B6%C3%9Fe%20%26%20%3Cb%3E`)
  t.equal(await found.text(), 'a note')
})

t.test('a name leads where it stands now, and caches ask again', async t => {
  const gateway = await openGateway(t)
  const site = makeSite(gateway)
  gateway.heads.set('k51qzi5uqu5dexample', cidOf(site.inner))
  const answer = await fetch(`${gateway.url}/ipns/k51qzi5uqu5dexample/note.txt`)
  t.equal(await answer.text(), 'a note')
  t.notMatch(answer.headers.get('cache-control'), 'immutable')
  gateway.heads.set('k51qzi5uqu5dexample', cidOf(site.site))
  t.equal((await fetch(`${gateway.url}/ipns/k51qzi5uqu5dexample/note.txt`)).status, 404)
})

t.test('what is wrong with a request is said by its status', async t => {
  const gateway = await openGateway(t)
  const site = makeSite(gateway)
  const cid = cidOf(site.site).toString()
  const cases = [
    ['GET', '/ipfs/', 400],
    ['GET', '/ipfs/none', 400],
    ['GET', '/ipfs/%zz', 400],
    ['GET', `/ipfs/${cid}/%ff`, 400],
    ['GET', `/ipfs/${cid}/a%2fb`, 400],
    ['GET', `/ipfs/${cid}/%00`, 400],
    ['GET', `/ipfs/${cid}/nothing`, 404],
    ['GET', `/ipfs/${cid}/long.bin/below`, 404],
    ['GET', '/ipfs/bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy', 404],
    ['GET', '/ipns/nobody', 404],
    ['GET', `/ipfs/${cid}?format=zip`, 406],
    ['GET', `/ipfs/${cid}?format=tar`, 406],
    ['POST', `/ipfs/${cid}`, 405],
    ['PUT', `/ipfs/${cid}`, 405]
  ] as const
  for (const [method, path, status] of cases) {
    const answer = await fetch(gateway.url + path, { method })
    await answer.text()
    t.equal(answer.status, status, `${method} ${path}`)
  }
  const worker = await fetch(`${gateway.url}/ipfs/${cid}/`, {
    headers: { 'service-worker': 'script' }
  })
  t.equal(worker.status, 400, 'no service worker')
})

t.test('a page keeps the name it is to be saved by to itself', async t => {
  const gateway = await openGateway(t)
  const site = makeSite(gateway)
  const url = `${gateway.url}/ipfs/${cidOf(site.note)}`
  const given = await fetch(
    `${url}?filename=${encodeURIComponent('a"b\r\nx: y ü.txt')}&download=true`
  )
  t.match(given.headers.get('content-disposition'), /^attachment; filename="a_b__x: y _\.txt"/)
  t.equal(given.headers.get('x'), null, 'no header of the client is let in')
  t.match(given.headers.get('content-type'), 'text/plain')
})

t.test('what is not here comes from elsewhere, for this machine only', async t => {
  const gateway = await openGateway(t)
  const { note, inner } = makeSite(gateway)
  gateway.blocks.drop(note.multihash)
  const url = `${gateway.url}/ipfs/${cidOf(inner)}/note.txt`
  t.equal((await fetch(url)).status, 404)
  gateway.elsewhere.set(cidOf(note).toString(), Buffer.from('a note'))
  const cached = await fetch(url, { headers: { 'cache-control': 'only-if-cached' } })
  t.equal(cached.status, 412, 'only-if-cached fetches nothing')
  t.equal(await (await fetch(url)).text(), 'a note')
})
