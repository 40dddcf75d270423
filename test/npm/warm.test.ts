import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { readLockfile } from '../../adapters/npm/read-lockfile.ts'
import { makeWorld } from '../cli/run-cairn.ts'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { integrityOf } from '../lib/npm-package.ts'

const lock = (packages: object): string => JSON.stringify({ lockfileVersion: 3, packages })

t.test('what lockfiles name', async t => {
  const table: ReadonlyArray<readonly [string, object, string | undefined]> = [
    ['node_modules/x', { version: '1.0.0' }, 'x/x-1.0.0.tgz'],
    ['node_modules/a/node_modules/@s/x', { version: '1.0.0' }, '@s/x/x-1.0.0.tgz'],
    ['node_modules/alias', { name: 'x', version: '1.0.0' }, 'x/x-1.0.0.tgz'],
    [
      'node_modules/x',
      { version: '1.0.0', resolved: 'https://r.test/x/-/x-1.0.0.tgz' },
      'x/x-1.0.0.tgz'
    ],
    [
      'node_modules/x',
      { version: '1.0.0', resolved: 'https://r.test/x/-/other.tgz' },
      'x/other.tgz'
    ],
    ['node_modules/x', { version: '1.0.0', resolved: 'git+ssh://git@r.test/x.git#abc' }, undefined],
    ['node_modules/x', { version: '1.0.0', resolved: 'https://r.test/x.tar.gz' }, undefined],
    ['node_modules/x', { link: true, resolved: '../x' }, undefined],
    ['node_modules/x', { version: '1.0.0', inBundle: true }, undefined],
    ['node_modules/..', { version: '1.0.0' }, undefined],
    ['node_modules/x', { version: '../../y' }, undefined],
    ['', { name: 'project', version: '1.0.0' }, undefined]
  ]
  for (const [path, entry, want] of table) {
    const [first] = readLockfile(lock({ [path]: entry }))
    t.equal(first && `${first.name}/${first.file}`, want, JSON.stringify([path, entry]))
  }
  for (const wrong of ['', '{', '[]', 'null', '{"dependencies":{}}', '{"packages":[]}']) {
    t.throws(() => readLockfile(wrong), { code: 'invalid' }, wrong)
  }
})

t.test('cairn warm npm holds all of a lockfile, and says what cannot be had', async t => {
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  for (const name of ['x', '@s/y']) {
    const file = `${name.slice(-1)}-1.0.0.tgz`
    const tarball = Buffer.from(`bytes of ${name}`)
    const dist = { tarball: `${origin.url}${name}/-/${file}`, integrity: integrityOf(tarball) }
    const document = { name, versions: { '1.0.0': { name, version: '1.0.0', dist } } }
    origin.items.set(name.replace('/', '%2f'), { body: Buffer.from(JSON.stringify(document)) })
    origin.items.set(`${name}/-/${file}`, { body: tarball })
  }
  const world = await makeWorld(t)
  await mkdir(world.home, { recursive: true })
  await writeFile(join(world.home, 'config.yaml'), `npm:\n  upstream: ${origin.url}\n`)
  const good = join(world.folder, 'package-lock.json')
  const bad = join(world.folder, 'bad.json')
  const packages = {
    'node_modules/x': { version: '1.0.0' },
    'node_modules/@s/y': { version: '1.0.0' }
  }
  await writeFile(good, lock(packages))
  await writeFile(bad, lock({ ...packages, 'node_modules/z': { version: '1.0.0' } }))
  t.match(await world.run(['warm', 'npm', good]), { status: 1, stderr: /no daemon runs/ })
  const { url } = await world.start()
  t.match(await world.run(['warm', 'npm', join(world.folder, 'none')]), {
    status: 1,
    stderr: /none/
  })
  t.match(await world.run(['warm', 'npm', bad]), {
    status: 1,
    stderr: /2 could not be had, the first: \/npm\/z/
  })
  t.match(JSON.parse(await world.line(['warm', 'npm', good, '--json'])), {
    packages: 2,
    files: 4,
    failed: []
  })
  await origin.down()
  t.equal(await (await fetch(`${url}npm/@s/y/-/y-1.0.0.tgz`)).text(), 'bytes of @s/y')
})
