import t, { type Test } from 'tap'
import { findClient, fuseLack } from '../lib/clients.ts'
import { requireClient, requireThat } from '../lib/skip.ts'

/** Records what a test would say. */
function recorder() {
  const said: string[] = []
  return {
    said,
    pass: (message: string, extra: { skip: string }) =>
      said.push(`skip ${message} ${extra.skip}`) > 0,
    fail: (message: string) => said.push(`fail ${message}`) > 0
  }
}

function setVariable(t: Test, name: 'CI' | 'PATH', value: string | undefined): void {
  const before = process.env[name]
  assign(name, value)
  t.teardown(() => assign(name, before))
}

function assign(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}

t.test('a client that is here is no news', async t => {
  const point = recorder()
  t.ok(requireClient(point, 'sh'))
  t.strictSame(point.said, [])
})

t.test('a client that is missing is a loud skip, naming its package', async t => {
  setVariable(t, 'CI', undefined)
  setVariable(t, 'PATH', '/no/such/folder')
  const point = recorder()
  t.notOk(requireClient(point, 'vi'))
  t.match(point.said, [/^skip needs vi \(apt-get install vim-tiny\)/])
})

t.test('a client that no fresh machine would get is an error on every machine', async t => {
  t.throws(
    () => requireClient(recorder(), 'no-such-client'),
    /clients\.list does not name no-such-client/
  )
})

t.test('in CI it is a failure', async t => {
  setVariable(t, 'CI', 'true')
  const point = recorder()
  t.notOk(requireThat(point, false, 'a second disk'))
  t.strictSame(point.said, ['fail CI must not skip this: needs a second disk'])
})

t.test('programs are found on a PATH, and in sbin', async t => {
  t.match(findClient('sh', '/bin'), /\/sh$/)
  t.equal(findClient('no-such-client', '/bin'), undefined)
})

t.test('a device that does not open is told by name', async t => {
  t.match(fuseLack('/no/such/device'), /\/no\/such\/device does not open/)
})
