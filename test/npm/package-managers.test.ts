import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { makeWorld, type StartedDaemon, type World } from '../cli/run-cairn.ts'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { machineRegistry, type NpmClient, openNpmClient } from '../lib/npm-client.ts'
import { mainAt, type NpmWorld, openNpmWorld } from '../lib/npm-world.ts'
import { until } from '../lib/pull-world.ts'
import { requireClient } from '../lib/skip.ts'

/** Real downloads, on a machine that may be busy. */
t.setTimeout(280_000)

/** They come from npm's registry themselves, through Cairn. */
const managers = { pnpm: '10.20.0', yarn: '1.22.22', '@yarnpkg/cli-dist': '4.10.3' }
/** With a scope, an alias, and an optional one (`fsevents`) that is for another system than this. */
const dependencies = {
  chalk: '4.1.2',
  '@types/node': '20.0.0',
  'readable-stream': '3.6.0',
  alias: 'npm:ms@2.1.3',
  chokidar: '3.5.3'
}

interface Manager {
  readonly name: string
  /** Its file below node_modules. */
  readonly program: string
  /** Settings that it reads in its project's folder. */
  readonly files: (registry: string) => Record<string, string>
  readonly install: readonly string[]
  /** As its lockfile says, and from no cache. */
  readonly again: readonly string[]
  readonly publish: readonly string[]
  /** The file and the line that has it show a token to this registry. */
  readonly logIn: (registry: string, token: string) => readonly [file: string, line: string]
}

const inNpmrc: Manager['logIn'] = (registry, token) => [
  '.npmrc',
  `${registry.replace(/^http:/, '')}:_authToken=${token}\n`
]

const table: readonly Manager[] = [
  {
    name: 'pnpm',
    program: 'pnpm/bin/pnpm.cjs',
    files: registry => ({ '.npmrc': `registry=${registry}\nstore-dir=store\ncache-dir=cache\n` }),
    install: ['install'],
    again: ['install', '--frozen-lockfile'],
    publish: ['publish', '--no-git-checks'],
    logIn: inNpmrc
  },
  {
    name: 'yarn 1',
    program: 'yarn/bin/yarn.js',
    files: registry => ({ '.yarnrc': `registry "${registry}"\ncache-folder "./cache"\n` }),
    install: ['install', '--non-interactive'],
    again: ['install', '--non-interactive', '--frozen-lockfile'],
    publish: ['publish', '--non-interactive'],
    logIn: inNpmrc
  },
  {
    name: 'yarn 4',
    program: '@yarnpkg/cli-dist/bin/yarn.js',
    files: registry => ({
      // Without one it takes the folder above for its project.
      'yarn.lock': '',
      '.yarnrc.yml': [
        `npmRegistryServer: "${registry}"`,
        'unsafeHttpWhitelist: ["127.0.0.1"]',
        'nodeLinker: node-modules',
        'enableTelemetry: false',
        'enableGlobalCache: false',
        'globalFolder: ./global',
        'npmMinimalAgeGate: 0',
        ''
      ].join('\n')
    }),
    install: ['install', '--no-immutable'],
    again: ['install', '--immutable'],
    publish: ['npm', 'publish'],
    logIn: (_, token) => ['.yarnrc.yml', `npmAuthToken: "${token}"\n`]
  }
]

async function run(
  t: Test,
  tools: string,
  folder: string,
  manager: Manager,
  args: readonly string[]
): Promise<void> {
  const program = join(tools, 'node_modules', manager.program)
  const env = { HOME: folder, CI: '', YARN_IGNORE_PATH: '1', PATH: process.env.PATH ?? '' }
  const done = await execa(process.execPath, [program, ...args], {
    cwd: folder,
    env,
    extendEnv: false,
    all: true,
    reject: false,
    stdin: 'ignore'
  })
  t.equal(done.exitCode, 0, `${manager.name} ${args.join(' ')}`) || t.comment(done.all)
}

function prepare(client: NpmClient, manager: Manager, world: { url: string }): string {
  const folder = folderOf(client, manager)
  mkdirSync(folder, { recursive: true })
  const manifest = { name: 'project', version: '1.0.0', private: true, dependencies }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  writeSettings(folder, manager, world)
  return folder
}

function folderOf(client: NpmClient, manager: Manager): string {
  return join(client.folder, manager.name.replace(' ', ''))
}

/** A lockfile is the manager's own once it is there. */
function writeSettings(folder: string, manager: Manager, { url }: { url: string }): void {
  for (const [name, text] of Object.entries(manager.files(`${url}/npm/`)))
    if (name !== 'yarn.lock' || !existsSync(join(folder, name)))
      writeFileSync(join(folder, name), text)
}

/** From empty caches, as the lockfile says, which was written at another address. */
async function installAgain(
  t: Test,
  client: NpmClient,
  manager: Manager,
  was: { url: string },
  now: { url: string }
): Promise<void> {
  const folder = folderOf(client, manager)
  forget(folder)
  writeSettings(folder, manager, now)
  const lockfile = lockfileOf(client, manager)
  const lock = readFileSync(lockfile, 'utf8')
  writeFileSync(lockfile, lock.replaceAll(was.url, now.url))
  await run(t, client.folder, folder, manager, manager.again)
  writeFileSync(lockfile, lock)
  t.ok(existsSync(join(folder, 'node_modules/chalk/package.json')), manager.name)
}

function lockfileOf(client: NpmClient, manager: Manager): string {
  const name = manager.name === 'pnpm' ? 'pnpm-lock.yaml' : 'yarn.lock'
  return join(folderOf(client, manager), name)
}

/** A daemon in a home of its own, whose only upstream is the registry at that address. */
async function startOver(world: World, url: string): Promise<StartedDaemon> {
  mkdirSync(world.home, { recursive: true })
  writeFileSync(join(world.home, 'config.yaml'), `npm:\n  upstream: ${url}/npm/\n`)
  return await world.start()
}

function forget(folder: string): void {
  for (const name of ['node_modules', 'cache', 'store', 'global', '.yarn'])
    rmSync(join(folder, name), { recursive: true, force: true })
}

t.test('pnpm, yarn and npm install through Cairn, and again when the upstream is gone', async t => {
  if (!requireClient(t, 'npm')) return
  const registry = machineRegistry()
  if (registry === undefined) return void t.fail('this machine has no npm registry')
  const world = await openNpmWorld({
    upstreams: mainAt(registry),
    hosted: ['@ours'],
    patience: {}
  })
  t.teardown(() => world.remove())
  const client = openNpmClient(`${world.url}/npm/`, managers)
  t.teardown(() => client.remove())
  const installed = await client.run('install', '--ignore-scripts')
  t.equal(installed.exitCode, 0) || t.comment(installed.all)

  const project = join(client.folder, 'project')
  mkdirSync(project)
  for (const name of ['package.json', 'package-lock.json'])
    copyFileSync(resolve(import.meta.dirname, '../..', name), join(project, name))
  const ci = async (t: Test, at: NpmWorld): Promise<void> => {
    rmSync(join(project, 'node_modules'), { recursive: true, force: true })
    rmSync(join(client.folder, 'cache'), { recursive: true, force: true })
    const done = await client.run(
      'ci',
      '--ignore-scripts',
      '--prefix',
      project,
      '--registry',
      `${at.url}/npm/`
    )
    t.equal(done.exitCode, 0) || t.comment(done.all)
    t.ok(existsSync(join(project, 'node_modules/typescript/package.json')))
  }

  await t.test('npm ci of this very project', async t => {
    await ci(t, world)
    await until(() => world.pull.statistics().flights === 0)
    const held = [...world.catalog.items('npm/')].filter(({ key }) => key.endsWith('.tgz'))
    const { packages } = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
      packages: object
    }
    t.ok(held.length > Object.keys(packages).length / 2, `${held.length} tarballs`)
    for (const { key, digests } of held) {
      const expected = world.catalog.expected(key)?.digest
      if (expected === undefined || !digests.includes(expected)) t.fail(`${key} was not verified`)
    }
  })

  for (const manager of table) {
    await t.test(manager.name, async t => {
      const folder = prepare(client, manager, world)
      await run(t, client.folder, folder, manager, manager.install)
      t.ok(existsSync(join(folder, 'node_modules/chalk/package.json')))
    })
  }

  await t.test('each publishes, as who its token is of', async t => {
    const { text } = world.tokens.make('ann', ['read', 'publish'])
    for (const manager of table) {
      const folder = join(folderOf(client, manager), 'own')
      mkdirSync(folder)
      const name = `@ours/${manager.name.replace(' ', '')}`
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version: '1.0.0' }))
      writeSettings(folder, manager, world)
      const [file, line] = manager.logIn(`${world.url}/npm/`, text)
      appendFileSync(join(folder, file), line)
      if (manager.name === 'yarn 4') await run(t, client.folder, folder, manager, ['install'])
      await run(t, client.folder, folder, manager, manager.publish)
      const packument = await (await world.ask(encodeURIComponent(name))).json()
      t.match(packument, { 'dist-tags': { latest: '1.0.0' }, maintainers: [{ name: 'ann' }] })
    }
    t.equal((await client.run('view', '@ours/pnpm', 'version')).exitCode, 0)
  })

  await t.test('with the upstream gone, a day later, from empty caches', async t => {
    await world.pull.learnt()
    const gone = await openFakeOrigin()
    await gone.close()
    const off = await openNpmWorld({ upstreams: mainAt(gone.url), home: world.home })
    t.teardown(() => off.close())
    off.clock.advance(86_400_000)
    await ci(t, off)
    for (const manager of table) await installAgain(t, client, manager, world, off)
    t.equal(off.pull.statistics().bytesFetched, 0)
  })

  await t.test(
    'cairn warm npm of a lockfile is enough to install when the upstream is gone',
    async t => {
      const upstream = await openNpmWorld({ upstreams: mainAt(registry), home: world.home })
      const npm = openNpmClient(`${upstream.url}/npm/`, dependencies)
      t.teardown(() => npm.remove())
      const locked = await npm.run('install', '--package-lock-only')
      t.equal(locked.exitCode, 0) || t.comment(locked.all)
      const lockfiles = {
        npm: join(npm.folder, 'package-lock.json'),
        ...Object.fromEntries(table.map(manager => [manager.name, lockfileOf(client, manager)]))
      }
      const warmed: Array<readonly [string, string]> = []
      for (const [name, lockfile] of Object.entries(lockfiles)) {
        const cairn = await makeWorld(t)
        const daemon = await startOver(cairn, upstream.url)
        const done = await cairn.run(['warm', 'npm', lockfile])
        t.equal(done.status, 0, `${name}: ${done.stdout}${done.stderr}`)
        warmed.push([name, daemon.url.replace(/\/$/, '')])
      }
      await upstream.close()
      for (const [name, url] of warmed) {
        const manager = table.find(each => each.name === name)
        if (manager !== undefined) {
          await installAgain(t, client, manager, world, { url })
          continue
        }
        npm.forget()
        const lock = readFileSync(lockfiles.npm, 'utf8')
        writeFileSync(lockfiles.npm, lock.replaceAll(upstream.url, url))
        const done = await npm.run('ci', '--ignore-scripts', '--registry', `${url}/npm/`)
        t.equal(done.exitCode, 0, 'npm ci') || t.comment(done.all)
        t.ok(existsSync(join(npm.folder, 'node_modules/alias/package.json')))
      }
    }
  )
})
