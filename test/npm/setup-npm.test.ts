import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { withoutCairn, withRegistry } from '../../src/cli/setup/edit-npmrc.ts'
import { makeWorld } from '../cli/run-cairn.ts'
import { requireClient } from '../lib/skip.ts'

t.test('an .npmrc comes back as it was', async t => {
  for (const text of [
    undefined,
    '',
    '\n',
    'fund=false',
    'fund=false\nregistry=https://a.example/',
    'registry=https://a.example/\r\nfund=false\r\n',
    'registry=https://a.example/\n',
    '; mine\n registry = https://a.example/\nfund=false\n//a.example/:_authToken=x\n',
    'fund=false\n',
    'registry=https://a.example/\nregistry=https://b.example/\n'
  ]) {
    const changed = withRegistry(text, 'http://c/npm/')
    t.equal(
      changed
        .match(/^\s*registry\s*=.*$/gm)
        ?.map(line => line.trim())
        .join(),
      'registry=http://c/npm/'
    )
    t.equal(withRegistry(changed, 'http://c/npm/'), changed, 'a second time changes nothing')
    t.equal(withoutCairn(changed), text)
    if (text !== undefined) t.equal(withoutCairn(text), text)
  }
})

t.test('an .npmrc whose comments npm dropped names the upstream again', t => {
  const cairn = { registry: 'http://c/npm/', upstream: 'https://a.example/' }
  const token = '//c/npm/:_authToken=x\n'
  const written = withRegistry(`registry=https://a.example/\n${token}`, cairn.registry)
  const byNpm = written.replace(/^;.*\n/gm, '')
  t.notMatch(byNpm, 'a.example')
  t.equal(withoutCairn(byNpm, cairn), `${token}registry=https://a.example/\n`)
  const others = 'registry=http://c/npm/else\n@s:registry=http://c/npm/\n'
  t.equal(withoutCairn(others, cairn), others)
  t.end()
})

t.test('setup npm --undo removes the .npmrc that setup made', async t => {
  if (!requireClient(t, 'npm')) return
  const world = await makeWorld(t)
  const npmrc = join(world.folder, '.npmrc')
  await world.line(['setup', 'npm', '--json'])
  t.match(await readFile(npmrc, 'utf8'), 'registry=http://127.0.0.1:7070/npm/')
  await writeFile(npmrc, 'registry=http://127.0.0.1:7070/npm/\n')
  await world.line(['setup', 'npm', '--undo'])
  t.notMatch(await readFile(npmrc, 'utf8'), '127.0.0.1', 'npm had written it anew')
  await writeFile(npmrc, withRegistry(undefined, 'http://127.0.0.1:7070/npm/'))
  await world.line(['setup', 'npm', '--undo'])
  await t.rejects(readFile(npmrc), { code: 'ENOENT' })
})

t.test('setup npm, twice, and --undo', async t => {
  if (!requireClient(t, 'npm')) return
  const world = await makeWorld(t)
  const npmrc = join(world.folder, '.npmrc')
  const text = 'registry=http://registry.test/x\nfund=false\n'
  await writeFile(npmrc, text)
  for (let round = 0; round < 2; round++) {
    const said = JSON.parse(await world.line(['setup', 'npm', '--json']))
    t.match(said, { upstream: 'http://registry.test/x/', registry: 'http://127.0.0.1:7070/npm/' })
  }
  t.match(await readFile(npmrc, 'utf8'), /^registry=http:\/\/127\.0\.0\.1:7070\/npm\/$/m)
  t.match(await readFile(join(world.home, 'config.yaml'), 'utf8'), 'http://registry.test/x/')
  for (let round = 0; round < 2; round++) {
    await world.line(['setup', 'npm', '--undo'])
    t.equal(await readFile(npmrc, 'utf8'), text)
  }
})
