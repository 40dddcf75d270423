import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { makeWorld } from './run-cairn.ts'

const wrongLines: ReadonlyArray<readonly [string, readonly string[], RegExp]> = [
  ['no verb', [], /Usage: cairn/],
  ['a mistyped verb', ['stauts'], /unknown command 'stauts'[\s\S]*Did you mean .*status/],
  ['a verb that does not exist', ['mount'], /unknown command/],
  ['an unknown flag', ['status', '--fast'], /unknown option '--fast'/],
  ['a flag without its value', ['add', '--profile'], /argument missing/],
  ['a missing argument', ['cat'], /missing required argument 'path'/],
  ['a missing argument of a verb in a group', ['pin', 'add'], /\(cairn pin add --help says more\)/],
  ['too many arguments', ['snapshot', 'mfs'], /too many arguments/],
  [
    'a profile nobody knows',
    ['add', '--profile', 'v9', '.'],
    /--profile: "v9" is not known: choose unixfs-v1-2025/
  ],
  ['an expected CID that is none', ['add', '--expect', 'bafy', '.'], /"bafy" is not a CID/],
  ['an expected CID for two paths', ['add', '--expect', 'bafkqaaa', 'a', 'b'], /one path/],
  ['standard input twice', ['add', '-', '-'], /once/],
  ['a path outside the store', ['ls', '/etc'], /"\/etc" is not in the store/],
  ['a limit that is no number', ['log', '--limit', 'many'], /--limit "many"/],
  ['a listener that is none', ['start', '--listen', 'here'], /--listen: "here" is not an address/],
  ['a port beyond the last', ['start', '--listen', '127.0.0.1:65536'], /is not an address/],
  [
    'a listener open to others',
    ['start', '--listen', '0.0.0.0:7070'],
    /nobody is asked for a password there/
  ],
  [
    'IPv6 open to others',
    ['start', '--listen', '[::]:7070'],
    /nobody is asked for a password there/
  ],
  [
    'an unknown network',
    ['start', '--network', 'wan'],
    /--network: "wan" is not known: choose off, lan, public/
  ],
  [
    'a log level nobody knows',
    ['start', '--log-level', 'loud'],
    /--log-level: "loud" is not known/
  ],
  ['an empty home', ['status', '--home', ''], /--home is empty/],
  ['an empty mount', ['start', '--mount', ''], /--mount: "" is not a folder/]
]

t.test('a wrong command line exits 2 and says what is wrong', async t => {
  const world = await makeWorld(t)
  for (const [what, args, message] of wrongLines) {
    const { status, stdout, stderr } = await world.run(args)
    t.equal(status, 2, `${what}: status`)
    t.match(stderr, message, `${what}: message`)
    t.equal(stdout, '', `${what}: nothing on standard output`)
  }
})

t.test('a wrong variable exits 2 and is named', async t => {
  const world = await makeWorld(t)
  const cases = [
    ['CAIRN_LISTEN', 'nowhere', /CAIRN_LISTEN: "nowhere"/],
    ['CAIRN_THREADS', '0', /CAIRN_THREADS: "0" is not a number of threads/],
    ['CAIRN_METADATA', 'maybe', /CAIRN_METADATA: "maybe" is not known: choose on, off/]
  ] as const
  for (const [name, value, message] of cases) {
    const { status, stderr } = await world.run(['log'], { environment: { [name]: value } })
    t.equal(status, 2, name)
    t.match(stderr, message)
  }
})

t.test('a wrong config.yaml names the file, the line and the column', async t => {
  const world = await makeWorld(t)
  const config = join(world.home, 'config.yaml')
  await mkdir(world.home)
  await writeFile(config, '# mine\nlog:\n  levle: info\n')
  const { status, stderr } = await world.run(['log'])
  t.equal(status, 1)
  t.match(stderr, `${config}:3:3: unknown key "log.levle": did you mean "level"?`)
  t.equal(await readFile(config, 'utf8'), '# mine\nlog:\n  levle: info\n', 'the file is untouched')
})

t.test('every verb explains itself, with an example, and knows --json and --home', async t => {
  const world = await makeWorld(t)
  const verbs = ['start', 'stop', 'status', 'doctor', 'add', 'get', 'cat', 'ls', 'stat']
  const others = [
    ['snapshot'],
    ['log'],
    ['restore'],
    ['fsck'],
    ['pin', 'add'],
    ['pin', 'rm'],
    ['pin', 'ls']
  ]
  for (const verb of [...verbs.map(name => [name]), ...others]) {
    const { status, stdout } = await world.run([...verb, '--help'])
    t.equal(status, 0, verb.join(' '))
    t.match(stdout, /--home <folder>[\s\S]*--json[\s\S]*Example:\n {2}\S/, verb.join(' '))
  }
})

t.test('--version prints the version of package.json', async t => {
  const world = await makeWorld(t)
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  t.equal(await world.line(['--version']), (JSON.parse(text) as { version: string }).version)
})
