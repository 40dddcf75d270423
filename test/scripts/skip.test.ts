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

function setCi(t: Test, value: string | undefined): void {
  const before = process.env.CI
  assign(value)
  t.teardown(() => assign(before))
}

function assign(value: string | undefined): void {
  if (value === undefined) delete process.env.CI
  else process.env.CI = value
}

t.test('a client that is here is no news', async t => {
  const point = recorder()
  t.ok(requireClient(point, 'sh'))
  t.strictSame(point.said, [])
})

t.test('a client that is missing is a loud skip, naming its package', async t => {
  setCi(t, undefined)
  const point = recorder()
  t.notOk(requireClient(point, 'no-such-client'))
  t.match(point.said, [/^skip needs no-such-client \(apt-get install no-such-client\)/])
})

t.test('in CI it is a failure', async t => {
  setCi(t, 'true')
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
