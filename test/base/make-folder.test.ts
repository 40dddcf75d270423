import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeFolder } from '../../src/base/make-folder.ts'

t.test('where no folder can be: told, and not tried for ever', async t => {
  const folder = t.testdir({ file: 'bytes' })
  symlinkSync('nowhere/at/all', join(folder, 'dangling'))
  const cases = [
    ['a file', join(folder, 'file'), 'not-directory'],
    ['below a file', join(folder, 'file', 'below'), 'not-directory'],
    ['below a device', '/dev/null/below', 'not-directory'],
    ['a file system that makes none', '/proc/none/below', 'not-found'],
    ['a link to nothing', join(folder, 'dangling'), 'not-directory'],
    ['a name too long', join(folder, 'a'.repeat(300)), 'name-too-long']
  ] as const
  for (const [what, path, code] of cases) {
    t.throws(() => makeFolder(path), { code, message: /\// }, what)
  }
})

t.test('the folder and those above it, with the mode; one that is there stays', async t => {
  const path = join(t.testdir({}), 'a', 'b', 'c')
  makeFolder(path, 0o700)
  t.equal(statSync(path).mode & 0o777, 0o700)
  t.equal(statSync(join(path, '..')).mode & 0o777, 0o700)
  writeFileSync(join(path, 'kept'), '')
  makeFolder(path)
  makeFolder('/')
  t.ok(statSync(join(path, 'kept')))
  const link = join(path, 'link')
  mkdirSync(join(path, 'target'))
  symlinkSync('target', link)
  makeFolder(join(link, 'below'))
  t.ok(statSync(join(path, 'target', 'below')).isDirectory())
})
