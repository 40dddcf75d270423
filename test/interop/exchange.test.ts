import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeWorld, until, type World } from '../cli/run-cairn.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { type KuboOptions, makeKubo, requireKubo } from './kubo.ts'

const page = seededBytes(3_000_000, 'page')
const lan = ['--mount', 'none', '--network', 'lan']
const swarmKey = `/key/swarm/psk/1.0.0/\n/base16/\n${randomBytes(32).toString('hex')}\n`

/** A home that speaks libp2p on a free port of loopback; `settings` go into its `peers`. */
async function makeHome(t: Test, config = ''): Promise<World> {
  const world = await makeWorld(t)
  await mkdir(world.home)
  await writeFile(
    join(world.home, 'config.yaml'),
    `peers: { listen: none, libp2p: "127.0.0.1:0"${config} }\n`
  )
  await mkdir(join(world.folder, 'site/deep'), { recursive: true })
  await writeFile(join(world.folder, 'site/page'), page)
  await writeFile(join(world.folder, 'site/deep/note'), 'a note')
  return world
}

/** A daemon, and its multiaddr. */
async function startCairn(world: World) {
  const daemon = await world.start(lan)
  await until(async () => /"listen":\["\/ip4/.test(daemon.log()))
  return { ...daemon, address: /"listen":\["([^"]+)"/.exec(daemon.log())?.[1] ?? '' }
}

async function read(url: string): Promise<{ status: number; bytes: Buffer }> {
  const answer = await fetch(url)
  return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) }
}

/** What each has goes to the other, connected by libp2p. */
async function exchange(t: Test, options: KuboOptions, config: string, key?: string) {
  const kubo = await makeKubo(t, options)
  const world = await makeHome(t, config)
  if (key !== undefined) await writeFile(join(world.home, 'swarm.key'), key, { mode: 0o600 })
  const published = await world.line(['add', 'site'])
  await writeFile(join(world.folder, 'private'), 'nobody else is to read this')
  const secret = await world.line(['add', 'private'])
  await world.line(['publish', published])
  const theirs = await kubo.line(['add', '-Q', '--cid-version=1'], page.subarray(1))
  const { address: kuboAddress } = await kubo.start()
  await world.line(['peer', 'add', kuboAddress])
  const cairn = await startCairn(world)
  return { kubo, world, cairn, published, secret, theirs }
}

t.test('blocks by bitswap in both directions; what is not published is not here', async t => {
  if (!requireKubo(t)) return
  const { kubo, cairn, published, secret, theirs } = await exchange(t, {}, '')
  t.match(await kubo.line(['swarm', 'connect', cairn.address]), /success/)
  const got = await kubo.run(['cat', '--timeout=30s', `${published}/page`])
  t.equal(Buffer.compare(got, page), 0, 'Kubo reads what is published here')
  t.equal((await kubo.run(['cat', '--timeout=30s', `${published}/deep/note`])).toString(), 'a note')
  const here = await read(`${cairn.url}ipfs/${theirs}`)
  t.equal(here.status, 200)
  t.equal(Buffer.compare(here.bytes, page.subarray(1)), 0, 'and what Kubo has is read here')
  await t.rejects(kubo.run(['cat', '--timeout=3s', secret]), /deadline|timeout/)
  const absent = await read(`${cairn.url}ipfs/${secret.replace(/.{4}$/, 'aaaa')}`)
  t.not(absent.status, 200, 'what nobody has ends too')
})

t.test('a swarm key is shared, and who lacks it is not understood', async t => {
  if (!requireKubo(t)) return
  const config = ', swarmKey: swarm.key'
  const { kubo, cairn, published, theirs } = await exchange(t, { swarmKey }, config, swarmKey)
  t.match(await kubo.line(['swarm', 'connect', cairn.address]), /success/)
  const got = await kubo.run(['cat', '--timeout=30s', `${published}/page`])
  t.equal(Buffer.compare(got, page), 0)
  const here = await read(`${cairn.url}ipfs/${theirs}`)
  t.equal(Buffer.compare(here.bytes, page.subarray(1)), 0)
  const stranger = await makeKubo(t)
  await stranger.start()
  await t.rejects(stranger.run(['swarm', 'connect', cairn.address]), /fail/)
})

t.test('blocks by the trustless gateway in both directions', async t => {
  if (!requireKubo(t)) return
  const kubo = await makeKubo(t)
  const theirs = await kubo.line(['add', '-Q', '--cid-version=1'], page)
  const { gateway } = await kubo.start()
  const world = await makeHome(t)
  await writeFile(
    join(world.home, 'config.yaml'),
    `peers: { listen: none, libp2p: none }\nnames: { gateways: [${gateway}] }\n`
  )
  const ours = await world.line(['add', 'site'])
  const cairn = await world.start(lan)
  const here = await read(`${cairn.url}ipfs/${theirs}`)
  t.equal(Buffer.compare(here.bytes, page), 0, 'blocks of Kubo')
  const car = await read(`${cairn.url}ipfs/${ours}?format=car&dag-scope=all`)
  await kubo.run(['dag', 'import'], car.bytes)
  t.equal(
    Buffer.compare(await kubo.run(['cat', '--offline', `${ours}/page`]), page),
    0,
    'a CAR from here'
  )
  const raw = await read(`${cairn.url}ipfs/${ours}?format=raw`)
  t.equal(await kubo.line(['block', 'put', '--cid-codec=dag-pb'], raw.bytes), ours)
})

t.test('a record published here is resolved there, and the other way round', async t => {
  if (!requireKubo(t)) return
  // A DHT of nobody but itself keeps what is put.
  const kubo = await makeKubo(t, { config: { 'Routing.Type': 'dhtserver' } })
  const theirs = await kubo.line(['add', '-Q', '--cid-version=1'], page)
  const { gateway } = await kubo.start()
  const world = await makeHome(t)
  await writeFile(
    join(world.home, 'config.yaml'),
    `peers: { listen: none, libp2p: none }\nnames: { gateways: [${gateway}] }\n`
  )
  const cid = await world.line(['add', 'site'])
  const name = await world.line(['publish', cid])
  const cairn = await world.start(lan)

  const record = await read(`${cairn.url}ipns/${name}?format=ipns-record`)
  const told = JSON.parse(
    (await kubo.run(['name', 'inspect', '--enc=json', `--verify=${name}`], record.bytes)).toString()
  )
  t.match(told, { Validation: { Valid: true }, Entry: { Value: `/ipfs/${cid}` } })
  const file = join(world.folder, 'record')
  await writeFile(file, record.bytes)
  await kubo.run(['routing', 'put', '--allow-offline', `/ipns/${name}`, file])
  t.equal(await kubo.line(['name', 'resolve', `/ipns/${name}`]), `/ipfs/${cid}`)

  await kubo.run(['name', 'publish', '--allow-offline', `/ipfs/${theirs}`])
  const id = await kubo.line(['key', 'list', '-l', '--ipns-base=base36'])
  const their = id.split(/\s/)[0] ?? ''
  await world.line(['follow', their, '--as', 'theirs'])
  await until(async () => (await world.line(['follows', '--json'])).includes(theirs))
  const here = await read(`${cairn.url}ipns/${their}`)
  t.equal(Buffer.compare(here.bytes, page), 0)
})

t.test('a key of one publishes in the other under the same name', async t => {
  if (!requireKubo(t)) return
  const kubo = await makeKubo(t)
  const world = await makeHome(t)
  const name = await world.line(['key', 'new', 'ours'])
  for (const [format, theirs] of [
    ['pem', 'pem-pkcs8-cleartext'],
    ['libp2p', 'libp2p-protobuf-cleartext']
  ] as const) {
    const file = join(world.folder, format)
    await world.line(['key', 'export', 'ours', '--format', format, '-o', file])
    const imported = await kubo.line([
      'key',
      'import',
      `--format=${theirs}`,
      '--ipns-base=base36',
      format,
      file
    ])
    t.equal(imported, name, `ours as ${format}`)
    const made = await kubo.line(['key', 'gen', '--ipns-base=base36', `made-${format}`])
    const out = join(world.folder, `made-${format}`)
    await kubo.run(['key', 'export', `--format=${theirs}`, '-o', out, `made-${format}`])
    t.equal(await world.line(['key', 'import', `made-${format}`, out]), made, `theirs as ${format}`)
  }
})

t.test(
  'CARs and bundles: what is written here is imported there, and the other way round',
  async t => {
    if (!requireKubo(t)) return
    const kubo = await makeKubo(t)
    const world = await makeHome(t)
    const cid = await world.line(['add', 'site'])
    const out = join(world.folder, 'bundle')
    await world.line(['bundle', 'export', cid, '-o', out])
    const cars = (await readdir(out)).filter(name => name.endsWith('.car')).toSorted()
    for (const car of cars) await kubo.run(['dag', 'import', join(out, car)])
    t.equal(Buffer.compare(await kubo.run(['cat', '--offline', `${cid}/page`]), page), 0)
    const theirs = await kubo.line(['add', '-Q', '--cid-version=1'], page.subarray(5))
    const car = join(world.folder, 'theirs.car')
    await writeFile(car, await kubo.run(['dag', 'export', theirs]))
    await world.line(['bundle', 'import', car])
    const got = join(world.folder, 'got')
    await world.line(['get', theirs, '-o', got])
    t.equal(Buffer.compare(await readFile(got), page.subarray(5)), 0)
  }
)

t.test(
  'names by pubsub and by a DHT, in both directions, and their content after them',
  async t => {
    if (!requireKubo(t)) return
    const config = { 'Routing.Type': 'dhtserver', 'Ipns.UsePubsub': true, 'Pubsub.Enabled': true }
    const kubo = await makeKubo(t, { config })
    const theirs = await kubo.line(['add', '-Q', '--cid-version=1'], page)
    const { address } = await kubo.start(['--enable-namesys-pubsub', '--enable-pubsub-experiment'])
    const their =
      (await kubo.line(['key', 'list', '-l', '--ipns-base=base36'])).split(/\s/)[0] ?? ''
    const world = await makeHome(t, `, bootstrap: ["${address}"]`)
    const cid = await world.line(['add', 'site'])
    const daemon = await world.start(['--mount', 'none', '--network', 'public'])
    await until(async () => (await kubo.line(['swarm', 'peers'])).length > 0)
    await kubo.run(['name', 'publish', '--allow-offline', `/ipfs/${theirs}`])
    await world.line(['follow', their, '--as', 'theirs'])
    await until(async () => {
      await world.run(['follow', 'theirs'])
      return (await world.line(['follows', '--json'])).includes(theirs)
    })
    const here = await read(`${daemon.url}ipns/${their}`)
    t.equal(Buffer.compare(here.bytes, page), 0, 'a name of Kubo, and its content by bitswap')

    const name = await world.line(['publish', cid])
    await until(async () => {
      const resolved = await kubo
        .line(['name', 'resolve', '--nocache', `/ipns/${name}`])
        .catch(String)
      return resolved === `/ipfs/${cid}`
    })
    const got = await kubo.run(['cat', '--timeout=30s', `/ipns/${name}/page`])
    t.equal(Buffer.compare(got, page), 0, 'a name of ours, and its content')
    const next = await kubo.line(['add', '-Q', '--cid-version=1'], page.subarray(9))
    await kubo.run(['name', 'publish', `/ipfs/${next}`])
    await until(async () => (await world.line(['follows', '--json'])).includes(next))
    t.pass('the next record came by itself')
  }
)
