import t from 'tap'
import { cidOf, makeSite, openGateway } from './gateway-world.ts'

const none = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const forever = 'public, max-age=29030400, immutable'

/** https://specs.ipfs.tech/http-gateways/trustless-gateway/: every verifiable form there is. */
async function makeForms(t: Parameters<typeof openGateway>[0]) {
  const gateway = await openGateway(t)
  const site = cidOf(makeSite(gateway).site)
  gateway.heads.set('k51', site)
  gateway.records.set('k51', { bytes: Buffer.from('signed'), ttlMs: 300_000 })
  const forms = {
    block: [`/ipfs/${site}?format=raw`, 'application/vnd.ipld.raw', forever],
    'block of a path': [`/ipfs/${site}/long.bin?format=raw`, 'application/vnd.ipld.raw', forever],
    CAR: [
      `/ipfs/${site}?format=car`,
      'application/vnd.ipld.car; version=1; order=dfs; dups=n',
      forever
    ],
    'CAR with duplicates': [
      `/ipfs/${site}?format=car&car-dups=y`,
      'application/vnd.ipld.car; version=1; order=dfs; dups=y',
      forever
    ],
    'CAR of a range': [
      `/ipfs/${site}/long.bin?format=car&dag-scope=entity&entity-bytes=0:1048575`,
      'application/vnd.ipld.car; version=1; order=dfs; dups=n',
      forever
    ],
    'block of a name': [`/ipns/k51?format=raw`, 'application/vnd.ipld.raw', 'public, max-age=60'],
    record: [
      '/ipns/k51?format=ipns-record',
      'application/vnd.ipfs.ipns-record',
      'public, max-age=300'
    ]
  } as const
  return { gateway, site, forms }
}

t.test('every form says what it is, how long it holds, and is not to be sniffed', async t => {
  const { gateway, forms } = await makeForms(t)
  const tags = new Set<string>()
  for (const [what, [path, type, cache]] of Object.entries(forms)) {
    const answer = await fetch(gateway.url + path)
    await answer.arrayBuffer()
    const header = (name: string) => answer.headers.get(name)
    t.equal(answer.status, 200, what)
    t.equal(header('content-type'), type, what)
    t.equal(header('cache-control'), cache, what)
    t.equal(header('x-content-type-options'), 'nosniff', what)
    t.match(header('content-disposition'), /^attachment; filename="[\w.]+\.(bin|car|ipns-record)"/)
    const ranges = type.includes('car') ? 'none' : type.includes('raw') ? 'bytes' : null
    t.equal(header('accept-ranges'), ranges, what)
    tags.add(header('etag') ?? '')
  }
  t.equal(tags.size, Object.keys(forms).length - 1, 'a tag for each but the same block by a name')
})

t.test('HEAD says the same as GET, and sends nothing', async t => {
  const { gateway, forms } = await makeForms(t)
  const told = (answer: Response) =>
    [...answer.headers].filter(
      ([name]) => !/^(date|transfer-encoding|connection|keep-alive)$/.test(name)
    )
  for (const [what, [path]] of Object.entries(forms)) {
    const got = await fetch(gateway.url + path)
    await got.arrayBuffer()
    const head = await fetch(gateway.url + path, { method: 'HEAD' })
    t.equal(head.status, 200, what)
    t.same(told(head), told(got), what)
    t.equal((await head.arrayBuffer()).byteLength, 0, what)
  }
})

t.test('who has this version is told so, whichever way he writes it', async t => {
  const { gateway, forms } = await makeForms(t)
  for (const [what, [path]] of Object.entries(forms)) {
    const first = await fetch(gateway.url + path)
    await first.arrayBuffer()
    const tag = first.headers.get('etag') ?? ''
    const ask = async (method: string, condition: string) => {
      const headers = { 'if-none-match': condition }
      const answer = await fetch(gateway.url + path, { method, headers })
      await answer.arrayBuffer()
      return [answer.status, answer.headers.get('etag')]
    }
    for (const condition of [tag, `"other", ${tag}`, '*', `W/${tag.replace(/^W\//, '')}`]) {
      t.same(await ask('GET', condition), [304, tag], `${what}: ${condition}`)
    }
    t.same(await ask('HEAD', tag), [304, tag], what)
    t.same(await ask('GET', '"other"'), [200, tag], what)
  }
})

t.test(
  'what is asked wrongly, or cannot be had, has the status that the specification gives it',
  async t => {
    const { gateway, site } = await makeForms(t)
    const cases: ReadonlyArray<readonly [string, number, Record<string, string>?]> = [
      ['/ipfs/not-a-cid?format=raw', 400],
      [`/ipfs/${site}?format=tar`, 406],
      [`/ipfs/${site}`, 406, { accept: 'application/vnd.ipld.dag-cbor' }],
      [`/ipfs/${site}?format=car&car-version=2`, 406],
      [`/ipfs/${site}`, 406, { accept: 'application/vnd.ipld.car; version=2' }],
      [`/ipfs/${site}?format=car&car-order=bfs`, 406],
      [`/ipfs/${site}?format=car&car-dups=maybe`, 400],
      [`/ipfs/${site}?format=car&dag-scope=some`, 400],
      [`/ipfs/${site}?format=car&entity-bytes=5`, 400],
      [`/ipfs/${site}?format=car&entity-bytes=9:5`, 400],
      [`/ipfs/${site}/long.bin?format=car&entity-bytes=99999999:*`, 400],
      [`/ipfs/${site}?format=car&entity-bytes=99999999:*`, 200],
      [`/ipfs/${site}?format=car&car-order=unk`, 200],
      [`/ipfs/${none}?format=raw`, 412, { 'cache-control': 'only-if-cached' }],
      [`/ipfs/${none}?format=car`, 412, { 'cache-control': 'only-if-cached' }],
      [`/ipfs/${site}?format=raw`, 200, { 'cache-control': 'only-if-cached' }],
      [`/ipfs/${site}`, 400, { 'service-worker': 'script' }],
      [`/ipfs/${site}?format=dag-json`, 406],
      ['/ipns/k51/inner?format=ipns-record', 400],
      ['/ipns/unknown?format=raw', 404],
      [`/ipfs/${site}/%2F?format=raw`, 400],
      [`/ipfs/${site}/%ff?format=raw`, 400],
      ['/ipfs/?format=raw', 400],
      [`/ipfs/${site}/none?format=raw`, 404],
      [`/ipfs/${none}?format=raw`, 404],
      [`/ipfs/${none}?format=car`, 404],
      ['/ipns/unknown?format=ipns-record', 404],
      [`/ipfs/${site}?format=ipns-record`, 400]
    ]
    for (const [path, status, headers = {}] of cases) {
      const answer = await fetch(gateway.url + path, { headers })
      t.equal(answer.status, status, `${path} ${headers.accept ?? ''}`)
      const text = await answer.text()
      if (status !== 200) {
        t.equal(answer.headers.get('cache-control'), 'no-store', 'an error is not kept')
        t.match(text, /\S/, 'and says what it is')
      }
      const head = await fetch(gateway.url + path, { method: 'HEAD', headers })
      t.equal(head.status, status, `HEAD ${path}`)
    }
    const cbor = gateway.cbor({ a: 1 })
    for (const [query, status] of [
      ['format=raw', 200],
      ['format=car&dag-scope=block', 200],
      ['format=car&dag-scope=entity', 200],
      ['format=car', 400],
      ['', 400]
    ] as const) {
      const answer = await fetch(`${gateway.url}/ipfs/${cbor}?${query}`)
      await answer.arrayBuffer()
      t.equal(answer.status, status, `a node of another codec: ${query}`)
    }
    const put = await fetch(`${gateway.url}/ipfs/${site}`, { method: 'PUT', body: 'x' })
    t.same([put.status, put.headers.get('allow')], [405, 'GET, HEAD'])
  }
)

t.test(
  'what was negotiated by a header has a URL of its own, so that caches keep forms apart',
  async t => {
    const { gateway, site } = await makeForms(t)
    const root = `/ipfs/${site}`
    const raw = 'application/vnd.ipld.raw'
    const car = 'application/vnd.ipld.car'
    const cases: ReadonlyArray<readonly [string, string, string | null]> = [
      [root, raw, `${root}?format=raw`],
      [`${root}?format=raw`, raw, null],
      [`${root}?format=raw`, '*/*', null],
      [`${root}?format=raw`, car, `${root}?format=raw`],
      [root, car, `${root}?format=car`],
      [
        `${root}/long.bin?dag-scope=block`,
        `${car}; version=1; order=dfs; dups=y`,
        `${root}/long.bin?dag-scope=block&format=car&car-version=1&car-order=dfs&car-dups=y`
      ],
      [`${root}?car-dups=n`, `${car}; dups=y`, `${root}?car-dups=n&format=car`],
      ['/ipns/k51', 'application/vnd.ipfs.ipns-record', '/ipns/k51?format=ipns-record'],
      [`${root}/long.bin`, 'text/html', null]
    ]
    for (const [path, accept, location] of cases) {
      const answer = await fetch(gateway.url + path, { headers: { accept } })
      await answer.arrayBuffer()
      t.same(
        [answer.status, answer.headers.get('content-location')],
        [200, location],
        path + accept
      )
    }
  }
)

t.test('of several forms that a client takes, the one it likes best that can be made', async t => {
  const { gateway, site } = await makeForms(t)
  const car = 'application/vnd.ipld.car'
  const cases: ReadonlyArray<readonly [string, number, string]> = [
    [
      `${car};order=foo, ${car};order=dfs;dups=y;q=0.5`,
      200,
      `${car}; version=1; order=dfs; dups=y`
    ],
    [`${car};q=0.2, application/vnd.ipld.raw;q=0.9`, 200, 'application/vnd.ipld.raw'],
    [`${car};q=0, application/vnd.ipld.raw;q=0.1`, 200, 'application/vnd.ipld.raw'],
    [`${car};order=foo, ${car};version=2`, 406, 'text/plain; charset=utf-8']
  ]
  for (const [accept, status, type] of cases) {
    const answer = await fetch(`${gateway.url}/ipfs/${site}`, { headers: { accept } })
    await answer.arrayBuffer()
    t.same([answer.status, answer.headers.get('content-type')], [status, type], accept)
  }
})

t.test('a range of a block comes alone, and one that is not there is refused', async t => {
  const { gateway, site } = await makeForms(t)
  const path = `${gateway.url}/ipfs/${site}?format=raw`
  const whole = Buffer.from(await (await fetch(path)).arrayBuffer())
  const { length } = whole
  const cases: ReadonlyArray<readonly [string, number, string | null, Buffer]> = [
    ['bytes=0-0', 206, `bytes 0-0/${length}`, whole.subarray(0, 1)],
    ['bytes=5-', 206, `bytes 5-${length - 1}/${length}`, whole.subarray(5)],
    ['bytes=-4', 206, `bytes ${length - 4}-${length - 1}/${length}`, whole.subarray(-4)],
    ['bytes=3-999999', 206, `bytes 3-${length - 1}/${length}`, whole.subarray(3)],
    [`bytes=${length}-`, 416, `bytes */${length}`, Buffer.alloc(0)],
    ['bytes=-0', 416, `bytes */${length}`, Buffer.alloc(0)],
    ['bytes=0-0,2-2', 200, null, whole],
    ['bytes=9-5', 200, null, whole],
    ['blocks=0-0', 200, null, whole]
  ]
  for (const [range, status, place, bytes] of cases) {
    const answer = await fetch(path, { headers: { range } })
    t.same([answer.status, answer.headers.get('content-range')], [status, place], range)
    t.same(Buffer.from(await answer.arrayBuffer()), bytes, range)
    const head = await fetch(path, { method: 'HEAD', headers: { range } })
    t.same([head.status, (await head.arrayBuffer()).byteLength], [status, 0], `HEAD ${range}`)
  }
  const tag = `"${site}.raw"`
  for (const [condition, status] of [
    [tag, 206],
    ['"other"', 200]
  ] as const) {
    const answer = await fetch(path, { headers: { range: 'bytes=0-0', 'if-range': condition } })
    await answer.arrayBuffer()
    t.equal(answer.status, status, `if-range ${condition}`)
  }
})

t.test(
  'what a name leads to may be kept as long as its record says, and a minute at most',
  async t => {
    const { gateway, site } = await makeForms(t)
    const cases: ReadonlyArray<readonly [number | undefined, string | null]> = [
      [300_000, 'public, max-age=60'],
      [5_900, 'public, max-age=5'],
      [0, 'public, max-age=0'],
      [undefined, null]
    ]
    gateway.heads.set('name', site)
    for (const [ttlMs, told] of cases) {
      gateway.records.delete('name')
      if (ttlMs !== undefined) gateway.records.set('name', { bytes: Buffer.from('signed'), ttlMs })
      for (const path of [
        '/ipns/name/long.bin',
        '/ipns/name?format=raw',
        '/ipns/name?format=car'
      ]) {
        const answer = await fetch(gateway.url + path)
        await answer.arrayBuffer()
        t.equal(answer.headers.get('cache-control'), told, `${path}, ${ttlMs} ms`)
      }
    }
  }
)
