import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { localAccess } from '../../src/base/access.ts'
import { ask } from './ask.ts'
import { serveDav } from './served.ts'

t.test('the page runs its own script and nothing else, and is framed by nobody', async t => {
  const { port } = await serveDav(t, t.testdir())
  const { headers, text } = await ask(port, 'GET', '/dav/mfs/')
  const policy = String(headers['content-security-policy'])
  const script = /<script>(.*)<\/script>/s.exec(text)?.[1] ?? ''
  t.match(policy, `script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`)
  t.match(policy, "default-src 'none'")
  t.match(policy, "frame-ancestors 'none'")
  for (const path of ['/dav/', '/dav/ipfs/']) {
    const readOnly = await ask(port, 'GET', path)
    t.notMatch(readOnly.text, '<script>', path)
    t.notMatch(readOnly.headers['content-security-policy'], 'script-src', path)
  }
})

t.test('names cannot leave the page’s text', async t => {
  const { port } = await serveDav(t, t.testdir())
  const name = '"><script>alert(1)</script>'.replaceAll('/', '∕')
  const folder = `/dav/mfs/${encodeURIComponent(name)}/`
  t.equal((await ask(port, 'MKCOL', folder)).status, 201)
  for (const path of ['/dav/mfs/', folder]) {
    const { text } = await ask(port, 'GET', path)
    t.equal(text.split('<script>').length, 2, 'the page’s own')
    t.notMatch(text, '"><script>alert')
  }
})

t.test('members are shown in order: folders first, 9 before 10', async t => {
  const { port } = await serveDav(t, t.testdir())
  for (const name of ['b10', 'a', 'B9']) await ask(port, 'PUT', `/dav/mfs/${name}`, { body: name })
  await ask(port, 'MKCOL', '/dav/mfs/z')
  const { text } = await ask(port, 'GET', '/dav/mfs/')
  const shown = [...text.matchAll(/<tr><td><a href="[^"]*">([^<]*)</g)].map(([, name]) => name)
  t.strictSame(shown, ['..', 'z/', 'a', 'B9', 'b10'])
})

t.test('a folder too long to be ordered is shown whole', async t => {
  const { port } = await serveDav(t, t.testdir())
  const name = (index: number) => `${'%'.repeat(240)}${index}`
  await ask(port, 'MKCOL', '/dav/mfs/long')
  for (let index = 0; index < 2200; index += 1) {
    await ask(port, 'PUT', `/dav/mfs/long/${encodeURIComponent(name(index))}`, { body: '' })
  }
  const { text } = await ask(port, 'GET', '/dav/mfs/long/')
  t.ok(text.length > 2 * 1024 * 1024)
  const shown = [...text.matchAll(/>%{240}(\d+)<\/a>/g)].map(([, index]) => Number(index))
  t.strictSame(
    shown.sort((a, b) => a - b),
    Array.from({ length: 2200 }, (_, index) => index)
  )
})

interface Chosen {
  readonly name: string
  readonly body: string
}

/** Runs the page's script in a page of straw, by choosing or by dropping; returns what it said last, and whether it loaded anew. */
async function choose(
  url: string,
  path: string,
  files: readonly Chosen[],
  replace: boolean,
  drop = false
) {
  const text = await (await fetch(url + path)).text()
  const script = /<script>(.*)<\/script>/s.exec(text)?.[1] ?? ''
  const folder = /data-folder="([^"]*)"/.exec(text)?.[1] ?? ''
  const output = { textContent: '' }
  const input: { onchange?: (event: unknown) => Promise<void> } = {}
  const form = {
    hidden: true,
    dataset: { folder },
    querySelector: (what: string) => (what === 'output' ? output : input)
  }
  const page = { reloads: 0, questions: [] as string[] }
  const put = (to: string, { body, ...options }: { body: Chosen }) =>
    fetch(url + to, { ...options, body: body.body })
  const confirm = (question: string) => page.questions.push(question) > 0 && replace
  const run = new Function('document', 'fetch', 'confirm', 'location', script)
  const document: { forms: unknown[]; ondrop?: (event: unknown) => Promise<void> } = {
    forms: [form]
  }
  run(document, put, confirm, { reload: () => page.reloads++ })
  if (form.hidden) throw new Error('the form is shown where its script runs')
  if (!drop) await input.onchange?.({ target: { files } })
  else await document.ondrop?.({ preventDefault: () => {}, dataTransfer: { files } })
  return { ...page, said: output.textContent }
}

t.test('what is chosen is uploaded; what stands there only if it may be replaced', async t => {
  const { url, port } = await serveDav(t, t.testdir())
  const hostile = 'a b#?%ä"\\<&>.txt'
  const first = await choose(url, '/dav/mfs/', [{ name: hostile, body: 'one' }], false)
  t.strictSame([first.reloads, first.questions], [1, []])
  const read = async (name: string) =>
    (await ask(port, 'GET', `/dav/mfs/${encodeURIComponent(name)}`)).text
  t.equal(await read(hostile), 'one')
  const again = [
    { name: hostile, body: 'two' },
    { name: 'other', body: 'three' }
  ]
  const kept = await choose(url, '/dav/mfs/', again, false)
  t.equal(kept.questions.length, 1)
  t.strictSame([await read(hostile), await read('other')], ['one', 'three'])
  await choose(url, '/dav/mfs/', again, true)
  t.equal(await read(hostile), 'two')
  const failed = await choose(url, '/dav/mfs/', [{ name: 'x'.repeat(256), body: '' }], true)
  t.equal(failed.reloads, 0)
  t.match(failed.said, 'at most 255')
  const mixed = [
    { name: 'y'.repeat(256), body: '' },
    { name: 'dropped', body: 'four' }
  ]
  const some = await choose(url, '/dav/mfs/', mixed, true, true)
  t.match(some.said, 'at most 255')
  t.equal(await read('dropped'), 'four', 'after one that failed')
  const decomposed = 'ä.txt'.normalize('NFD')
  await choose(url, '/dav/mfs/', [{ name: decomposed, body: 'nfc' }], false)
  t.equal(await read('ä.txt'), 'nfc')
})

/** A drive that takes each request for one of the address in `seen`. */
async function serveFrom(t: Test, seen: { address: string }) {
  const access = (request: IncomingMessage) => {
    Object.defineProperty(request.socket, 'remoteAddress', {
      value: seen.address,
      configurable: true
    })
    return localAccess
  }
  return await serveDav(t, t.testdir(), { access })
}

t.test('text is packed for other machines that take it, under a tag of its own', async t => {
  const { port, mfs, faults } = await serveFrom(t, { address: '192.0.2.9' })
  const text = 'some text, '.repeat(50_000)
  await ask(port, 'PUT', '/dav/mfs/a.txt', { body: text })
  await mfs.seal()
  const get = (headers: Record<string, string>, name = 'a.txt', method = 'GET') =>
    ask(port, method, `/dav/mfs/${name}`, { headers: { 'accept-encoding': 'gzip', ...headers } })
  const packed = await get({})
  t.match(packed.headers, { 'content-encoding': 'gzip', vary: 'accept-encoding' })
  t.equal(gunzipSync(packed.bytes).toString(), text)
  t.ok(packed.bytes.byteLength * 20 < text.length)
  const plain = await get({ 'accept-encoding': 'identity' })
  t.strictSame([plain.text, plain.headers.vary], [text, 'accept-encoding'])
  const [of, tag] = [String(packed.headers.etag), String(plain.headers.etag)]
  t.not(of, tag, 'strong tags are of bytes')
  const head = await get({}, 'a.txt', 'HEAD')
  t.match(head.headers, { etag: of, 'content-encoding': 'gzip' })
  t.equal(head.headers['content-length'], undefined)
  for (const each of [of, tag]) {
    const same = await get({ 'if-none-match': each })
    t.strictSame([same.status, same.headers.etag], [304, each])
  }
  const part = await get({ range: 'bytes=0-3' })
  t.strictSame([part.status, part.text, part.headers.etag], [206, 'some', tag])
  t.equal((await get({ range: 'bytes=0-3', 'if-range': of })).status, 200, 'no part of it is kept')
  for (const name of ['b.png', 'b.zip', 'b']) {
    await ask(port, 'PUT', `/dav/mfs/${name}`, { body: text })
    t.equal((await get({}, name)).headers['content-encoding'], undefined, name)
  }
  await ask(port, 'PUT', '/dav/mfs/c.txt', { body: 'short' })
  t.equal((await get({}, 'c.txt')).headers['content-encoding'], undefined)
  const edited = { body: 'edited', headers: { 'if-match': of } }
  t.equal((await ask(port, 'PUT', '/dav/mfs/a.txt', edited)).status, 204, 'by who was sent it')
  t.equal((await ask(port, 'PUT', '/dav/mfs/a.txt', edited)).status, 412)
  t.strictSame(faults, [])
})

t.test('listings are packed for other machines that take it', async t => {
  const seen = { address: '192.0.2.9' }
  const { port, faults } = await serveFrom(t, seen)
  await ask(port, 'MKCOL', '/dav/mfs/d')
  for (let index = 0; index < 300; index += 1) {
    await ask(port, 'PUT', `/dav/mfs/d/f${index}`, { body: 'text' })
  }
  const list = (coding: string) =>
    ask(port, 'PROPFIND', '/dav/mfs/d', { headers: { depth: '1', 'accept-encoding': coding } })
  const plain = await list('identity')
  const packed = await list('gzip, deflate')
  t.equal(packed.headers['content-encoding'], 'gzip')
  t.equal(packed.headers.vary, 'accept-encoding')
  t.equal(gunzipSync(packed.bytes).toString(), plain.text)
  t.ok(packed.bytes.byteLength * 5 < plain.bytes.byteLength)
  for (const coding of ['gzip;q=0', 'br', '']) {
    t.equal((await list(coding)).headers['content-encoding'], undefined, coding)
  }
  const file = { headers: { 'accept-encoding': 'gzip' } }
  t.equal((await ask(port, 'GET', '/dav/mfs/d/f1', file)).text, 'text')
  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
    seen.address = address
    t.equal((await list('gzip')).headers['content-encoding'], undefined, address)
  }
  t.strictSame(faults, [])
})
