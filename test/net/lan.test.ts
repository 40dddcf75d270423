import { hash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../cli/run-cairn.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { type Lan, type Machine, makeLan, requireLan } from '../lib/lan.ts'

const tarball = seededBytes(8_000_000, 'tarball')

/** An npm registry with one package, for `node -e`. */
const registry = (file: string) => `
  const { createServer } = require('node:http')
  const { readFileSync } = require('node:fs')
  const { createHash } = require('node:crypto')
  const bytes = readFileSync(${JSON.stringify(file)})
  const base = 'http://10.77.0.9:8000/'
  const integrity = 'sha512-' + createHash('sha512').update(bytes).digest('base64')
  const version = { name: 'probe', version: '1.0.0', dist: { tarball: base + 'probe/-/probe-1.0.0.tgz', integrity } }
  const packument = JSON.stringify({ name: 'probe', 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version } })
  createServer((request, response) => response.end(request.url === '/probe' ? packument : bytes))
    .listen(8000, '10.77.0.9', () => console.log('ready'))`

const config = 'npm:\n  upstream: http://10.77.0.9:8000/\npeers:\n  packages: [npm]\n'

async function openRegistry(lan: Lan): Promise<Machine> {
  const file = join(lan.folder, 'probe.tgz')
  await writeFile(file, tarball)
  const upstream = await lan.addMachine(9)
  await upstream.start(process.execPath, ['-e', registry(file)])
  return upstream
}

t.test(
  'hosts of a LAN: the upstream goes, one has the package, the other gets it from there',
  async t => {
    if (!requireLan(t)) return
    const lan = await makeLan(t)
    const upstream = await openRegistry(lan)
    const a = await lan.addHost(1, { network: 'lan', config })
    const b = await lan.addHost(2, { network: 'lan', config })
    const path = '/npm/probe/-/probe-1.0.0.tgz'
    await a.get('/npm/probe')
    t.equal(Buffer.compare(await a.get(path), tarball), 0, 'warmed from the upstream')
    await b.get('/npm/probe')
    await upstream.cable('down')
    await until(async () => (await b.cairn('peers')).includes('libp2p'))
    const got = await b.get(path)
    t.equal(hash('sha256', got, 'hex'), hash('sha256', tarball, 'hex'), 'from the other host')
    const peers = await b.cairn('peers', '--json')
    t.match(peers, new RegExp(`"bytes":${tarball.length}`))
  }
)

t.test('with the network off not a packet leaves', async t => {
  if (!requireLan(t)) return
  const lan = await makeLan(t)
  const quiet = await lan.addHost(4, { network: 'off', config })
  await quiet.cairn('peer', 'add', '10.77.0.9')
  await t.rejects(quiet.get('/ipfs/bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'))
  await quiet.cairn('status')
  t.equal(await quiet.sent(), 0)
  const open = await lan.addHost(5, { network: 'lan', config })
  await until(async () => (await open.sent()) > 0)
  t.pass('while with lan it looks for others')
})

t.test(
  'what one host publishes another follows and reads; what is not published is not found',
  async t => {
    if (!requireLan(t)) return
    const lan = await makeLan(t)
    const a = await lan.addHost(1, { network: 'lan', config })
    const b = await lan.addHost(2, { network: 'lan', config })
    const add = async (name: string, text: string | Buffer) => {
      await writeFile(join(a.home, name), text)
      return JSON.parse(await a.cairn('add', join(a.home, name), '--json')).cid as string
    }
    const first = await add('first', tarball)
    const secret = await add('secret', 'nobody else is to read this')
    const published = JSON.parse(await a.cairn('publish', first, '--json')) as { name: string }
    await until(async () => (await b.cairn('peers')).includes('libp2p'))
    await b.cairn('follow', published.name)
    const path = `/ipns/${published.name}`
    await until(
      async () =>
        await b.get(path).then(
          () => true,
          () => false
        )
    )
    t.equal(Buffer.compare(await b.get(path), tarball), 0, 'followed, and read block by block')
    await t.rejects(b.get(`/ipfs/${secret}`), 'what was not published')
    const second = await add('second', 'a new version')
    await a.cairn('publish', second)
    await until(async () => (await b.get(path)).toString() === 'a new version')
    t.pass('the follower is told of a new version')
  }
)
