import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeWorld, until } from '../cli/run-cairn.ts'
import { serveHome } from '../names/serve-home.ts'
import { type Answer, ask, lockInfo, type Question } from './ask.ts'

const large = 'x'.repeat(3 << 20)

/** A name that one home publishes and another follows; the drive of that. */
async function followed(t: Test) {
  const publisher = await makeWorld(t)
  const folder = join(publisher.folder, 'site')
  await mkdir(join(folder, 'sub'), { recursive: true })
  await writeFile(join(folder, 'page.txt'), 'of the other home')
  await writeFile(join(folder, 'sub/large'), `${large}end`)
  await publisher.line(['key', 'new', 'site'])
  const publish = async () =>
    await publisher.line(['publish', await publisher.line(['add', 'site']), '--key', 'site'])
  const name = await publish()
  const gateway = await serveHome(t, publisher)
  const world = await makeWorld(t)
  await mkdir(world.home)
  await writeFile(
    join(world.home, 'config.yaml'),
    `peers: { listen: none, libp2p: none }\nnames:\n  gateways: [${gateway.url}]\n`
  )
  const { url } = await world.start(['--mount', 'none', '--network', 'lan'])
  await world.line(['follow', name, '--as', 'theirs'])
  const port = Number(new URL(url).port)
  const drive = (method: string, path: string, question: Question = {}): Promise<Answer> =>
    ask(port, method, path, question)
  await until(async () => (await drive('GET', '/dav/ipns/theirs/page.txt')).status === 200)
  return { name, drive, world, gateway, folder, publish }
}

t.test('a followed name is a folder to read, by parts without the whole', async t => {
  const { name, drive, world, gateway, folder, publish } = await followed(t)
  for (const as of ['theirs', name]) {
    const at = `/dav/ipns/${as}/`
    t.match((await drive('OPTIONS', at)).headers, {
      allow: /^OPTIONS, GET, HEAD, PROPFIND, REPORT$/
    })
    const listed = (await drive('PROPFIND', at, { headers: { depth: '1' } })).text
    t.match(listed, `<D:href>${at}page.txt</D:href>`)
    t.match(listed, /<D:getetag>"baf\w+"</)
    t.notMatch(listed, '<D:lockentry>', 'which nothing here has')
    t.equal((await drive('GET', `${at}page.txt`)).text, 'of the other home')
  }
  const root = (await drive('PROPFIND', '/dav/ipns/', { headers: { depth: '1' } })).text
  for (const as of ['theirs', name]) t.match(root, `<D:href>/dav/ipns/${as}/</D:href>`)
  gateway.asked.length = 0
  const end = { headers: { range: 'bytes=-3' } }
  t.equal((await drive('GET', '/dav/ipns/theirs/sub/large', end)).text, 'end')
  const blocks = gateway.asked.filter(url => url.startsWith('/ipfs/'))
  t.ok(blocks.length <= 3, `its folder, its root and its last block are fetched: ${blocks.length}`)
  const tag = String((await drive('HEAD', '/dav/ipns/theirs/page.txt')).headers.etag)
  await writeFile(join(folder, 'page.txt'), 'moved on')
  await publish()
  await world.line(['follow', name])
  const next = await drive('GET', '/dav/ipns/theirs/page.txt', {
    headers: { 'if-none-match': tag }
  })
  t.strictSame([next.status, next.text], [200, 'moved on'], 'seen at once')
})

t.test('nothing writes or locks what is followed; it can be copied away', async t => {
  const { drive, world } = await followed(t)
  const file = '/dav/ipns/theirs/page.txt'
  await drive('PUT', '/dav/mfs/own', { body: 'own' })
  const update =
    '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><a/></D:prop></D:set></D:propertyupdate>'
  const append = {
    'content-type': 'application/x-sabredav-partialupdate',
    'x-update-range': 'append'
  }
  const writes = [
    ['PUT', file, { body: 'x' }],
    ['PUT', '/dav/ipns/theirs/new', { body: 'x' }],
    ['PUT', '/dav/ipns/new', { body: 'x' }],
    ['PATCH', file, { body: 'x', headers: append }],
    ['MKCOL', '/dav/ipns/theirs/folder', {}],
    ['MKCOL', '/dav/ipns/folder', {}],
    ['DELETE', file, {}],
    ['DELETE', '/dav/ipns/theirs/', {}],
    ['LOCK', file, { body: lockInfo() }],
    ['LOCK', '/dav/ipns/theirs/', { body: lockInfo('shared') }],
    ['LOCK', '/dav/ipns/theirs/none', { body: lockInfo() }],
    ['UNLOCK', file, { headers: { 'lock-token': '<urn:uuid:none>' } }],
    ['PROPPATCH', file, { body: update }],
    ['MOVE', file, { headers: { destination: '/dav/mfs/moved' } }],
    ['MOVE', '/dav/mfs/own', { headers: { destination: file } }],
    ['COPY', '/dav/mfs/own', { headers: { destination: '/dav/ipns/theirs/copied' } }]
  ] as const
  for (const [method, path, question] of writes) {
    const answer = await drive(method, path, question)
    t.equal(answer.status, 403, `${method} ${path}`)
    t.match(answer.text, '<D:need-privileges/>', `${method} ${path}`)
  }
  const to = { headers: { destination: '/dav/mfs/copy' } }
  t.equal((await drive('COPY', '/dav/ipns/theirs/', to)).status, 201)
  t.equal((await drive('PUT', '/dav/mfs/copy/page.txt', { body: 'mine now' })).status, 204)
  t.equal((await drive('GET', file)).text, 'of the other home')
  t.match(await world.line(['follows']), 'theirs')
})
