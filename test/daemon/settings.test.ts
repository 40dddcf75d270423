import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseConfig } from '../../src/daemon/config-file.ts'
import { editConfig } from '../../src/daemon/edit-config.ts'
import { isLoopback } from '../../src/daemon/listen-address.ts'
import { loadSettings } from '../../src/daemon/settings.ts'

async function makeHome(t: Test, config?: string): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'cairn-settings-'))
  t.teardown(() => rm(home, { recursive: true }))
  if (config !== undefined) await writeFile(join(home, 'config.yaml'), config)
  return home
}

/** What is wrong, the file, and the error after the file's name. */
const wrongConfigs: ReadonlyArray<readonly [string, string, RegExp]> = [
  ['not YAML', 'listen: [', /:1:\d+: /],
  ['a tab for indentation', 'log:\n\tlevel: info', /:2:1: /],
  ['a list at the top', '- listen', /:1:1: the configuration is not a map/],
  ['text at the top', 'listen', /:1:1: the configuration is not a map/],
  ['a key twice', 'mount: a\nmount: b', /:2:1: /],
  ['a key that is a list', '? [a]\n: b', /:1:3: a key must be a plain word/],
  ['an unknown key', 'lisen: x', /:1:1: unknown key "lisen": did you mean "listen"\?/],
  ['a key unlike any', 'colour: red', /unknown key "colour": known here: mount, listen, /],
  [
    'an unknown key below',
    'import:\n  profil: x',
    /:2:3: unknown key "import.profil": did you mean "profile"/
  ],
  ['a section that is a value', 'log: info', /:1:6: "log" holds settings/],
  ['a setting that is a section', 'mount:\n  at: x', /:2:3: .* is not a folder/],
  ['a wrong value', 'network: wlan', /:1:10: "wlan" is not known: choose off, lan, public/],
  ['a number too large', 'threads: 65', /:1:10: 65 is not a number of threads/],
  [
    'an upstream of a wrong name',
    'apt:\n  upstreams:\n    De bian: http://a.example/',
    /:3:\d+: "De bian" cannot name/
  ],
  [
    'an upstream that is no URL',
    'apt:\n  upstreams:\n    ok: http://a.example/\n    bad: nowhere',
    /:4:10: "nowhere" is not an http/
  ],
  [
    'an upstream that is a file',
    'apt:\n  upstreams:\n    bad: file:///etc/',
    /:3:10: .* is not an http/
  ],
  [
    'an upstream with a query',
    'apt:\n  upstreams:\n    bad: http://a.example/?b',
    /:3:10: .* must end with its path/
  ],
  ['a registry that is no URL', 'npm:\n  upstream: nowhere', /:2:13: "nowhere" is not an http/],
  [
    'a registry with a password',
    'npm:\n  upstream: https://me:secret@a.example/',
    /:2:13: (?!.*secret).*must be a plain URL/
  ],
  [
    'an npm upstream with a misspelt key',
    'npm:\n  upstreams:\n    company: { url: http://a.example/, tokn: x }',
    /:3:14: unknown key "tokn"/
  ],
  [
    'an npm token beside a user',
    'npm:\n  upstream: { url: http://a.example/, token: x, username: y }',
    /:2:13: give a token, or/
  ],
  ['an npm upstream named npm', 'npm:\n  upstreams:\n    npm: http://a.example/', /npm.upstream/],
  ['hosted names as text', 'npm:\n  hosted: "@ours"', /:2:11: give a list/],
  ['an age in no unit', 'npm:\n  minimumReleaseAge: 3', /:2:22: 3 is no age/],
  ['upstreams as a list', 'apt:\n  upstreams: [a]', /:2:14: .* is not a map/],
  [
    'an alias bomb',
    `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]`,
    /:1:1: unknown key "a"/
  ],
  ['10,000 bytes of a value', `network: ${'x'.repeat(10_000)}`, /:1:10: "x{1,80}… is not known/]
]

t.test('a wrong config file is refused with its line, its column and what to do', async t => {
  for (const [what, config, message] of wrongConfigs) {
    const home = await makeHome(t, config)
    const loading = loadSettings({ flags: { home }, environment: {} })
    await t.rejects(loading, { code: 'invalid', message }, what)
    await t.rejects(loading, { message: new RegExp(`^${home}/config\\.yaml:\\d`) }, `${what}: file`)
  }
})

t.test('a flag wins over the environment, that over the file, that over the default', async t => {
  const home = await makeHome(
    t,
    'listen: 127.0.0.1:3\nmount: none\nlog:\n  level: warn\nthreads: 3\n'
  )
  const environment = { CAIRN_HOME: home, CAIRN_LISTEN: '127.0.0.1:2', CAIRN_THREADS: '2' }
  const settings = await loadSettings({ flags: { listen: '[::1]:1' }, environment })
  t.match(settings, {
    home,
    listen: { host: '::1', port: 1 },
    threads: 2,
    logLevel: 'warn',
    mount: undefined,
    network: 'off',
    profile: 'unixfs-v1-2025',
    metadata: false,
    mfsMetadata: true
  })
})

t.test('a wrong file is refused even where a flag says otherwise', async t => {
  const home = await makeHome(t, 'threads: none\n')
  const flags = { home, threads: '2' }
  await t.rejects(loadSettings({ flags, environment: {} }), { code: 'invalid' })
})

t.test('an empty file, and an empty section, say nothing', async t => {
  for (const config of ['', '# only a comment\n', 'log:\napt:\n  upstreams:\n', '---\n']) {
    const home = await makeHome(t, config)
    t.match(await loadSettings({ flags: { home }, environment: {} }), { logLevel: 'info' })
  }
})

t.test('the home is found: flag, CAIRN_HOME, XDG_DATA_HOME, ~/.local/share', async t => {
  const cases = [
    [{ HOME: '/u' }, '/u/.local/share/cairn'],
    [{ HOME: '/u', XDG_DATA_HOME: '/data' }, '/data/cairn'],
    [{ HOME: '/u', XDG_DATA_HOME: 'relative' }, '/u/.local/share/cairn'],
    [{ HOME: '/u', CAIRN_HOME: '~/c' }, '/u/c'],
    [{ HOME: '/u', CAIRN_HOME: '' }, '/u/.local/share/cairn']
  ] as const
  for (const [environment, home] of cases) {
    t.equal((await loadSettings({ flags: {}, environment })).home, home)
  }
  const { mount } = await loadSettings({ flags: {}, environment: { HOME: '/u' } })
  t.equal(mount, '/u/cairn')
})

t.test('loopback is 127.0.0.0/8, ::1 and localhost; a name that only looks so is not', t => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) t.ok(isLoopback(host), host)
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example', '128.0.0.1', '']) {
    t.notOk(isLoopback(host), host)
  }
  t.end()
})

t.test('an edit keeps comments and order, and is refused when it would break the file', async t => {
  const home = await makeHome(t, '# mine\nmount: none # here\nlog:\n  level: warn\n')
  const path = join(home, 'config.yaml')
  await editConfig(path, [
    { keys: ['apt', 'upstreams', 'debian'], value: 'http://mirror.example/debian/' },
    { keys: ['log', 'level'], value: undefined }
  ])
  const settings = await loadSettings({ flags: { home }, environment: {} })
  t.same(settings.aptUpstreams, {
    debian: { url: 'http://mirror.example/debian/', keyring: undefined, offline: false }
  })
  t.equal(settings.logLevel, 'info')
  await t.rejects(editConfig(path, [{ keys: ['nothing'], value: 1 }]), { code: 'invalid' })
  t.ok(await parseConfig('mount: none', path))
  await t.resolves(loadSettings({ flags: { home }, environment: {} }), 'the file is as it was')
})

t.test(
  'a relative mount folder: of the file from the home, of a flag or variable from here',
  async t => {
    const home = await makeHome(t, 'mount: ../beside\n')
    const at = async (flags: { mount?: string }, environment: Record<string, string>) =>
      (await loadSettings({ flags: { home, ...flags }, environment })).mount
    t.equal(await at({}, {}), join(home, '../beside'))
    t.equal(await at({ mount: 'm' }, {}), join(process.cwd(), 'm'))
    t.equal(await at({}, { CAIRN_MOUNT: 'm' }), join(process.cwd(), 'm'))
  }
)
