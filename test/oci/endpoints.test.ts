import t from 'tap'
import { limits } from '../../src/base/limits.ts'
import {
  digest256,
  indexType,
  manifestOver,
  manifestType,
  pushBlob,
  pushManifest,
  setUpRegistry
} from '../lib/registry-world.ts'

interface Row {
  /** As the specification's table of endpoints names it. */
  readonly end: string
  readonly ask: [method: string, path: string, body?: string | undefined, headers?: object]
  readonly status: number
  readonly headers?: Readonly<Record<string, string | RegExp>>
  readonly text?: string
}

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#endpoints */
t.test(
  'each endpoint answers as the specification says, when it succeeds and when not',
  async t => {
    const world = await setUpRegistry(t)
    const config = await pushBlob(world, 'a', '{}')
    const image = manifestOver(config, [])
    const none = digest256('none')
    const text = image.toString()
    const subject = { mediaType: manifestType, digest: digest256(image), size: image.length }
    const referrer = manifestOver(config, [], { subject }).toString()
    const upload = { location: /^\/v2\/a\/blobs\/uploads\/[\w-]+$/, range: '0-0' }
    const blob = `/v2/a/blobs/${config.digest}`
    const manifest = { location: `/v2/a/manifests/${subject.digest}` }
    const digestOf = (digest: string) => ({ 'docker-content-digest': digest })
    const type = { 'content-type': manifestType }
    const rows: Row[] = [
      { end: 'end-1', ask: ['GET', '/v2/'], status: 200 },
      {
        end: 'end-2',
        ask: ['GET', blob],
        status: 200,
        headers: digestOf(config.digest),
        text: '{}'
      },
      {
        end: 'end-2',
        ask: ['HEAD', blob],
        status: 200,
        headers: { ...digestOf(config.digest), 'content-length': '2', 'accept-ranges': 'bytes' },
        text: ''
      },
      {
        end: 'end-2',
        ask: ['GET', blob, undefined, { range: 'bytes=1-1' }],
        status: 206,
        headers: { 'content-range': 'bytes 1-1/2' },
        text: '}'
      },
      { end: 'end-2', ask: ['HEAD', `/v2/a/blobs/${none}`], status: 404, text: '' },
      { end: 'end-4a', ask: ['POST', '/v2/a/blobs/uploads/'], status: 202, headers: upload },
      { end: 'end-4a', ask: ['POST', '/v2/A/blobs/uploads/'], status: 400 },
      {
        end: 'end-4b',
        ask: ['POST', `/v2/a/blobs/uploads/?digest=${digest256('x')}`, 'x'],
        status: 201,
        headers: { location: `/v2/a/blobs/${digest256('x')}`, ...digestOf(digest256('x')) }
      },
      { end: 'end-4b', ask: ['POST', `/v2/a/blobs/uploads/?digest=${none}`, 'x'], status: 400 },
      { end: 'end-5', ask: ['PATCH', '/v2/a/blobs/uploads/none', 'x'], status: 404 },
      {
        end: 'end-6',
        ask: ['PUT', `/v2/a/blobs/uploads/none?digest=${config.digest}`, '{}'],
        status: 404
      },
      {
        end: 'end-7',
        ask: ['PUT', '/v2/a/manifests/v1', text, type],
        status: 201,
        headers: { ...manifest, ...digestOf(subject.digest) }
      },
      {
        end: 'end-7',
        ask: ['PUT', '/v2/a/manifests/signature', referrer, type],
        status: 201,
        headers: { 'oci-subject': subject.digest }
      },
      {
        end: 'end-7',
        ask: ['PUT', '/v2/a/manifests/long', ' '.repeat(limits.manifestBytes + 1), type],
        status: 413
      },
      {
        end: 'end-3',
        ask: ['GET', '/v2/a/manifests/v1', undefined, { accept: manifestType }],
        status: 200,
        headers: { ...digestOf(subject.digest), ...type },
        text
      },
      {
        end: 'end-3',
        ask: ['HEAD', `/v2/a/manifests/${subject.digest}`],
        status: 200,
        headers: { ...digestOf(subject.digest), 'content-length': String(image.length) },
        text: ''
      },
      { end: 'end-3', ask: ['HEAD', '/v2/a/manifests/none'], status: 404, text: '' },
      { end: 'end-3', ask: ['GET', `/v2/none/manifests/${subject.digest}`], status: 404 },
      {
        end: 'end-8a',
        ask: ['GET', '/v2/a/tags/list'],
        status: 200,
        headers: { 'content-type': 'application/json' },
        text: '{"name":"a","tags":["signature","v1"]}\n'
      },
      {
        end: 'end-8b',
        ask: ['GET', '/v2/a/tags/list?n=1'],
        status: 200,
        headers: { link: '</v2/a/tags/list?n=1&last=signature>; rel="next"' }
      },
      { end: 'end-8b', ask: ['GET', '/v2/none/tags/list?n=1&last=a'], status: 404 },
      {
        end: 'end-11',
        ask: ['POST', `/v2/b/blobs/uploads/?mount=${config.digest}&from=a`],
        status: 201,
        headers: { location: `/v2/b/blobs/${config.digest}`, ...digestOf(config.digest) }
      },
      { end: 'end-11', ask: ['POST', `/v2/a/blobs/uploads/?mount=${none}&from=b`], status: 202 },
      {
        end: 'end-12a',
        ask: ['GET', `/v2/a/referrers/${subject.digest}`],
        status: 200,
        headers: { 'content-type': indexType }
      },
      { end: 'end-12a', ask: ['GET', `/v2/none/referrers/${none}`], status: 200 },
      { end: 'end-12a', ask: ['GET', '/v2/a/referrers/sha256:x'], status: 400 },
      {
        end: 'end-12b',
        ask: ['GET', `/v2/a/referrers/${subject.digest}?artifactType=x`],
        status: 200,
        headers: { 'oci-filters-applied': 'artifactType' }
      },
      { end: 'end-13', ask: ['GET', '/v2/a/blobs/uploads/none'], status: 404 },
      { end: 'end-14', ask: ['DELETE', '/v2/a/blobs/uploads/none'], status: 404 },
      { end: 'end-9', ask: ['DELETE', '/v2/a/manifests/signature'], status: 202 },
      { end: 'end-9', ask: ['DELETE', `/v2/a/manifests/${subject.digest}`], status: 202 },
      { end: 'end-9', ask: ['GET', '/v2/a/manifests/v1'], status: 404 },
      { end: 'end-9', ask: ['DELETE', `/v2/none/manifests/${none}`], status: 404 },
      { end: 'end-10', ask: ['DELETE', blob], status: 202 },
      { end: 'end-10', ask: ['DELETE', blob], status: 404 }
    ]
    for (const { end, ask, status, headers = {}, text } of rows) {
      const [method, path, body, sent = {}] = ask
      const init = { method, headers: { ...sent }, ...(body === undefined ? {} : { body }) }
      const answer = await world.ask(path, init)
      const label = `${end} ${method} ${path.slice(0, 80)}`
      t.equal(answer.status, status, label)
      for (const [name, value] of Object.entries(headers)) {
        t.match(answer.headers.get(name), value, `${label}: ${name}`)
      }
      const got = await answer.text()
      if (text !== undefined) t.equal(got, text, label)
      if (status >= 400 && method !== 'HEAD') {
        const { errors } = JSON.parse(got) as { errors: Array<{ code: string }> }
        t.match(errors[0]?.code, /^(BLOB|DIGEST|MANIFEST|NAME|SIZE)_[A-Z_]+$/, `${label}: its code`)
      }
    }
  }
)

t.test('an upload, from its first chunk to its last, told the same by each endpoint', async t => {
  const { ask } = await setUpRegistry(t)
  const begun = await ask('/v2/a/blobs/uploads/', { method: 'POST' })
  const place = begun.headers.get('location') ?? ''
  const told = { location: place, range: '0-2' }
  const chunk = (method: string, path: string, range: string, body: string) =>
    ask(path, { method, body, headers: { 'content-range': range } })
  const headersOf = ({ status, headers }: Response) => ({
    status,
    location: headers.get('location'),
    range: headers.get('range')
  })
  t.strictSame(headersOf(await chunk('PATCH', place, '0-2', 'abc')), { status: 202, ...told })
  t.strictSame(headersOf(await ask(place)), { status: 204, ...told })
  t.strictSame(headersOf(await chunk('PATCH', place, '4-5', 'ef')), { status: 416, ...told })
  const end = `${place}?digest=${digest256('abcdef')}`
  t.strictSame(headersOf(await chunk('PUT', end, '4-5', 'ef')), { status: 416, ...told })
  t.equal((await chunk('PUT', end, '3-5', 'def')).status, 201, 'and it goes on')
  const other = (await ask('/v2/a/blobs/uploads/', { method: 'POST' })).headers.get('location')
  t.equal((await ask(other ?? '', { method: 'DELETE' })).status, 204)
  t.equal((await ask(other ?? '')).status, 404)
})

t.test('a document that calls itself a web page can do nothing in a browser', async t => {
  const world = await setUpRegistry(t)
  const page = Buffer.from('{"mediaType":"text/html","x":"<script>alert(1)</script>"}')
  t.equal((await pushManifest(world, 'a/manifests/x', page, 'text/html')).status, 201)
  const blob = await pushBlob(world, 'a', '<script>alert(1)</script>')
  for (const path of ['manifests/x', `blobs/${blob.digest}`, 'manifests/<script>', 'tags/list']) {
    const { headers } = await world.ask(`/v2/a/${path}`)
    t.equal(headers.get('content-security-policy'), 'sandbox', path)
    t.equal(headers.get('x-content-type-options'), 'nosniff', path)
  }
})

t.test('more referrers than an index may hold come by pages, of one type or of all', async t => {
  const world = await setUpRegistry(t)
  const config = await pushBlob(world, 'a', '{}')
  const image = manifestOver(config, [])
  const subject = { mediaType: manifestType, digest: digest256(image), size: image.length }
  const long = 'x'.repeat(limits.manifestBytes / 8)
  const pushed: string[] = []
  for (let at = 0; at < 20; at++) {
    const artifactType = at < 5 ? 'x/few' : 'x/many'
    const more = { subject, artifactType, annotations: { at: String(at), long } }
    const bytes = manifestOver(config, [], more)
    t.equal((await pushManifest(world, `a/manifests/${at}`, bytes)).status, 201)
    pushed.push(digest256(bytes))
  }
  const pages = async (query: string): Promise<string[][]> => {
    const found: string[][] = []
    let next: string | undefined = `/v2/a/referrers/${subject.digest}${query}`
    while (next !== undefined) {
      const answer = await world.ask(next)
      const bytes = Buffer.from(await answer.arrayBuffer())
      t.ok(bytes.length < 1.2 * limits.manifestBytes, 'no longer than clients take')
      const { manifests } = JSON.parse(bytes.toString()) as { manifests: { digest: string }[] }
      found.push(manifests.map(({ digest }) => digest))
      next = /^<(.*)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1]
    }
    return found
  }
  const all = await pages('')
  t.ok(all.length > 1)
  t.strictSame(all.flat(), pushed.toSorted())
  t.strictSame((await pages('?artifactType=x/few')).flat(), pushed.slice(0, 5).toSorted())
  const many = await pages('?artifactType=x/many')
  t.ok(many.length > 1)
  t.strictSame(many.flat(), pushed.slice(5).toSorted())
})
