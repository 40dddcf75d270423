import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { makeKey } from '../../adapters/apt/openpgp/run.ts'
import { openAptClient } from '../lib/apt-client.ts'
import { publishVersion } from '../lib/fake-archive.ts'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { requireClient } from '../lib/skip.ts'
import { makeWorld, type World } from './run-cairn.ts'

const list = `# a comment
deb http://mirror.test/debian bookworm main
deb-src [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian bookworm main
deb http://security.test/debian-security/ bookworm-security main
deb https://secure.test/apt stable main
deb cdrom:[Debian]/ bookworm main
`
const stanzas = `Types: deb
URIs: http://other.test/debian
  http://third.test:8080/vendor%20x
Suites: stable
Components: main

Enabled: no
Types: deb
URIs: http://disabled.test/debian
Suites: stable
`

async function makeRoot(world: World): Promise<string> {
  const root = join(world.folder, 'root')
  await mkdir(join(root, 'etc/apt/sources.list.d'), { recursive: true })
  await writeFile(join(root, 'etc/apt/sources.list'), list)
  await writeFile(join(root, 'etc/apt/sources.list.d/more.sources'), stanzas)
  return root
}

t.test('nothing changes where no repository is configured', async t => {
  const world = await makeWorld(t)
  const { status, stderr } = await world.run(['setup', 'apt', '--root', world.folder])
  t.equal(status, 1)
  t.match(stderr, /no http repository is configured/)
  await t.rejects(access(join(world.folder, 'etc/apt/apt.conf.d/95cairn')))
})

t.test('nothing of apt changes when config.yaml is not valid', async t => {
  const world = await makeWorld(t)
  const root = await makeRoot(world)
  await mkdir(world.home)
  await writeFile(join(world.home, 'config.yaml'), 'apt: 7\n')
  const { status } = await world.run(['setup', 'apt', '--root', root])
  t.equal(status, 1)
  await t.rejects(access(join(root, 'etc/apt/apt.conf.d/95cairn')))
})

t.test('http repositories of both formats become upstreams, the rest is left alone', async t => {
  const world = await makeWorld(t)
  const root = await makeRoot(world)
  await mkdir(world.home)
  await writeFile(
    join(world.home, 'config.yaml'),
    '# mine\napt:\n  upstreams:\n    mine: http://mirror.test/debian/ # kept\n'
  )
  const said = JSON.parse(await world.line(['setup', 'apt', '--root', root, '--json']))
  t.strictSame(said.upstreams, {
    mine: 'http://mirror.test/debian/',
    'debian-security': 'http://security.test/debian-security/',
    debian: 'http://other.test/debian/',
    'vendor-20x': 'http://third.test:8080/vendor%20x/'
  })
  t.strictSame(
    said.leftAlone.map((it: { url: string }) => it.url),
    ['https://secure.test/apt/', 'cdrom:[Debian]/']
  )
  t.match(await readFile(join(world.home, 'config.yaml'), 'utf8'), /^# mine/)
  const again = JSON.parse(await world.line(['setup', 'apt', '--root', root, '--json']))
  t.strictSame(again.upstreams, said.upstreams, 'a second time changes nothing')
})

t.test(
  'the program apt runs names Cairn only while it listens, and only for its hosts',
  async t => {
    if (!requireClient(t, 'perl')) return
    const world = await makeWorld(t)
    const root = await makeRoot(world)
    const server = createServer(socket => socket.end()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
    await world.line(['setup', 'apt', '--root', root], { environment: { CAIRN_LISTEN: address } })
    const detector = join(root, 'usr/local/lib/cairn/apt-proxy')
    const ask = async (url: string) => (await promisify(execFile)(detector, [url])).stdout
    t.equal(await ask('http://mirror.test/debian/'), `http://${address}\n`)
    t.equal(await ask('http://third.test:8080/'), `http://${address}\n`)
    t.equal(await ask('http://elsewhere.test/debian/'), 'DIRECT\n')
    t.equal(await ask('https://mirror.test/debian/'), 'DIRECT\n')
    server.close()
    await once(server, 'close')
    t.equal(await ask('http://mirror.test/debian/'), 'DIRECT\n', 'apt works while Cairn does not')
  }
)

t.test('--undo removes what was written, and is no error when nothing was', async t => {
  const world = await makeWorld(t)
  const root = await makeRoot(world)
  const files = async () => {
    const entries = await readdir(root, { recursive: true, withFileTypes: true })
    const paths = entries
      .filter(each => each.isFile())
      .map(each => join(each.parentPath, each.name))
    const read = async (path: string) => [relative(root, path), await readFile(path, 'utf8')]
    return Object.fromEntries(await Promise.all(paths.sort().map(read))) as Record<string, string>
  }
  const before = await files()
  const { stdout } = await world.run(['setup', 'apt', '--root', root])
  const after = await files()
  const changed = Object.keys(after).filter(path => after[path] !== before[path])
  t.strictSame(
    changed,
    ['etc/apt/apt.conf.d/95cairn', 'usr/local/lib/cairn/apt-proxy'],
    'one file of apt, and the program that it names'
  )
  t.match(stdout, /95cairn/, 'it says which')
  await world.line(['setup', 'apt', '--root', root, '--undo'])
  t.strictSame(await files(), before, 'all is as it was')
  await world.line(['setup', 'apt', '--root', root])
  await access(join(root, 'etc/apt/apt.conf.d/95cairn'))
  for (let round = 0; round < 2; round++) {
    await world.line(['setup', 'apt', '--root', root, '--undo'])
    await t.rejects(access(join(root, 'etc/apt/apt.conf.d/95cairn')))
    await t.rejects(access(join(root, 'usr/local/lib/cairn/apt-proxy')))
  }
})

t.test('apt-get goes on by itself while Cairn does not run', async t => {
  if (!requireClient(t, 'apt-get') || !requireClient(t, 'perl')) return
  const world = await makeWorld(t)
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  await publishVersion(origin, 'debian/', { version: 1 })
  const root = join(world.folder, 'root')
  await mkdir(join(root, 'etc/apt'), { recursive: true })
  const source = `deb [trusted=yes] ${origin.url}debian stable main`
  await writeFile(join(root, 'etc/apt/sources.list'), `${source}\n`)
  const daemon = await world.start()
  const environment = { CAIRN_LISTEN: new URL(daemon.url).host }
  await world.line(['setup', 'apt', '--root', root], { environment })
  const detector = join(root, 'usr/local/lib/cairn/apt-proxy')
  const config = `Acquire::http::Proxy-Auto-Detect "${detector}";\n`
  const update = async () => {
    const client = openAptClient({ sources: [source], config })
    t.teardown(() => client.remove())
    const asked = origin.requests.length
    const { exitCode, all } = await client.run('update', '--error-on=any')
    t.equal(exitCode, 0) || t.comment(all)
    const own = origin.requests.slice(asked)
    return own.some(({ headers }) => /apt/i.test(headers['user-agent'] ?? ''))
  }
  t.equal(await update(), false, 'by Cairn while it runs')
  daemon.child.kill('SIGKILL')
  await daemon.ended
  t.equal(await update(), true, 'by itself when it is gone, by force too')
})

t.test('a daemon that runs already mirrors what setup found', async t => {
  const world = await makeWorld(t)
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  const root = join(world.folder, 'root')
  await mkdir(join(root, 'etc/apt'), { recursive: true })
  await writeFile(join(root, 'etc/apt/sources.list'), `deb ${origin.url}debian stable main\n`)
  origin.items.set('debian/pool/a/a_1_all.deb', { body: Buffer.from('bytes') })
  const daemon = await world.start()
  const archive = `${daemon.url}apt/debian/pool/a/a_1_all.deb`
  t.equal((await fetch(archive)).status, 404)
  await world.line(['setup', 'apt', '--root', root])
  const answer = await fetch(archive)
  t.equal(answer.status, 200)
  t.equal(await answer.text(), 'bytes')
})

t.test('a keyring that the sources name is what Cairn checks with', async t => {
  const world = await makeWorld(t)
  const root = join(world.folder, 'root')
  await mkdir(join(root, 'etc/apt/sources.list.d'), { recursive: true })
  await mkdir(join(root, 'keys'))
  await writeFile(join(root, 'keys/one.gpg'), '')
  await writeFile(
    join(root, 'etc/apt/sources.list'),
    `deb [signed-by=/keys/one.gpg] http://one.test/debian stable main
deb [arch=amd64 signed-by=/keys/one.gpg] http://one.test/debian testing main
deb [signed-by=/keys/none.gpg] http://none.test/gone stable main
deb [signed-by=/keys/one.gpg] http://mixed.test/mixed stable main
deb http://mixed.test/mixed testing main
`
  )
  await writeFile(
    join(root, 'etc/apt/sources.list.d/two.sources'),
    'Types: deb\nURIs: http://two.test/two\nSuites: stable\nSigned-By: /keys/one.gpg\n'
  )
  await world.line(['setup', 'apt', '--root', root])
  const config = await readFile(join(world.home, 'config.yaml'), 'utf8')
  const keyring = join(root, 'keys/one.gpg')
  t.match(config, new RegExp(`debian:\\n +url: http://one.test/debian/\\n +keyring: ${keyring}`))
  t.match(config, new RegExp(`two:\\n +url: http://two.test/two/\\n +keyring: ${keyring}`))
  t.match(config, /gone: http:\/\/none.test\/gone\//, 'no such file')
  t.match(config, /mixed: http:\/\/mixed.test\/mixed\//, 'not by all that name it')
})

t.test('with --mirror-lists apt goes on to the mirror itself while Cairn does not run', async t => {
  if (!requireClient(t, 'apt-get')) return
  const world = await makeWorld(t)
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  const key = await makeKey('The archive')
  await publishVersion(origin, 'debian/', { version: 1, key })
  const root = join(world.folder, 'root')
  await mkdir(join(root, 'etc/apt'), { recursive: true })
  await writeFile(join(root, 'etc/apt/sources.list'), `deb ${origin.url}debian stable main\n`)
  // apt asks no address again that it could not connect to, whatever the port.
  const daemon = await world.start(['--mount', 'none', '--listen', '127.0.0.2:0'])
  const said = await world.line(['setup', 'apt', '--mirror-lists', '--root', root], {
    environment: { CAIRN_LISTEN: new URL(daemon.url).host }
  })
  const list = join(root, 'etc/apt/cairn/debian.list')
  t.match(said, `${origin.url}debian/  ->  mirror+file:/etc/apt/cairn/debian.list`)
  t.equal(
    await readFile(list, 'utf8'),
    `${daemon.url}apt/debian/\tpriority:1\n${origin.url}debian/\tpriority:2\n`
  )
  await t.rejects(access(join(root, 'etc/apt/apt.conf.d/95cairn')), 'no other file of apt')
  const keyring = join(world.folder, 'key.asc')
  await writeFile(keyring, key.publicKey)
  const update = async (): Promise<void> => {
    const client = openAptClient({
      sources: [`deb [signed-by=${keyring}] mirror+file:${list} stable main`]
    })
    t.teardown(() => client.remove())
    const { exitCode, all } = await client.run('update', '--error-on=any')
    t.equal(exitCode, 0) || t.comment(all)
  }
  await update()
  const asked = origin.requests.filter(({ headers }) => /apt/i.test(headers['user-agent'] ?? ''))
  t.equal(asked.length, 0, 'apt asked Cairn alone')
  daemon.child.kill('SIGTERM')
  await daemon.ended
  await update()
  const sources = join(root, 'etc/apt/sources.list')
  await writeFile(sources, 'deb mirror+file:/etc/apt/cairn/debian.list stable main\n')
  const undone = await world.line(['setup', 'apt', '--undo', '--root', root])
  t.match(undone, /left \S+\/etc\/apt\/cairn: \S+\/sources\.list names it/)
  await access(list)
  await writeFile(sources, `deb ${origin.url}debian stable main\n`)
  await world.line(['setup', 'apt', '--undo', '--root', root])
  await t.rejects(access(list))
})
