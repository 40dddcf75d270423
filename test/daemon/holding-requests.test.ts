import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Multihash, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import type { HttpDoor } from '../../src/base/http.ts'
import { collectHome } from '../../src/daemon/collect.ts'
import { openContent } from '../../src/daemon/content.ts'
import { openHttpServer } from '../../src/daemon/http-server.ts'
import { DagFetcher } from '../../src/names/fetch-dag.ts'

/** A home, a collection of it, and the holds on it. */
function openHome(t: Test) {
  const content = openContent(t.testdir())
  t.teardown(() => content.close())
  const folder = join(content.paths.segments, 'holds')
  return {
    content,
    collect: () => collectHome(content, {}),
    holds: () => (existsSync(folder) ? readdirSync(folder).length : 0)
  }
}

/** A door that stores a block, waits, and names it if the request asks for that. */
async function serve(t: Test, content: ReturnType<typeof openContent>) {
  const stored = Promise.withResolvers<Multihash>()
  const go = Promise.withResolvers<void>()
  const door: HttpDoor = {
    name: 'test',
    accepts: () => true,
    serve: async (request, response) => {
      const multihash = content.store.add(randomBytes(100_000))
      content.store.flush()
      stored.resolve(multihash)
      await go.promise
      const cid = makeCid(0x55, multihash)
      if (request.url === '/named') content.roots.pin(cid, { label: 'test' })
      response.end()
    }
  }
  const log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} } as never
  const address = { host: '127.0.0.1', port: 0 }
  const server = await openHttpServer(address, { doors: [door], log })
  t.teardown(() => server.close(AbortSignal.abort()))
  return { stored: stored.promise, go: go.resolve, url: `http://127.0.0.1:${server.address.port}` }
}

for (const method of ['PUT', 'POST', 'PATCH', 'DELETE']) {
  t.test(`what a ${method} stores is kept until it is answered, and no longer`, async t => {
    const { content, collect, holds } = openHome(t)
    for (const path of ['/named', '/unnamed']) {
      const { stored, go, url } = await serve(t, content)
      const answered = fetch(url + path, { method })
      const multihash = await stored
      await collect()
      t.ok(content.store.has(multihash), 'a collection in the middle of it loses nothing')
      go()
      await (await answered).arrayBuffer()
      t.equal(holds(), 0, 'it holds nothing any more')
      await collect()
      t.equal(content.store.has(multihash), path === '/named', path)
    }
  })
}

t.test('a block that was fetched holds nothing once it is here', async t => {
  const { content, collect, holds } = openHome(t)
  const { store, reader } = content
  const bytes = randomBytes(1000)
  const cid = makeCid(0x55, sha256Multihash(bytes))
  const source = { label: 'test', fetch: async () => bytes }
  const fetcher = new DagFetcher({ store, reader, sources: [source] })
  await fetcher.block(cid, new AbortController().signal)
  t.ok(store.has(cid.multihash.bytes))
  t.equal(holds(), 0)
  await collect()
  t.notOk(store.has(cid.multihash.bytes), 'nobody named it')
})
