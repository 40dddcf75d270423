import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { makeWorld } from '../cli/run-cairn.ts'
import { requireClient } from '../lib/skip.ts'
import { serveDav } from './served.ts'

/** The suites of litmus, the WebDAV compliance tests: http://www.webdav.org/neon/litmus/ */
const suites = ['basic', 'copymove', 'props', 'locks', 'http']

/** Every test of every suite passes, there is no warning, and litmus skips what it cannot do by TLS alone. */
async function passes(t: Test, folder: string, ...target: string[]): Promise<void> {
  const ran = await execa('litmus', ['-k', ...target], {
    cwd: folder,
    env: { TESTS: suites.join(' ') },
    all: true,
    reject: false,
    timeout: 120_000
  })
  for (const suite of suites) {
    t.match(
      ran.all,
      new RegExp(`summary for \`${suite}': of (\\d+) tests run: \\1 passed, 0 failed`)
    )
  }
  const lines = ran.all.split('\n')
  t.comment(lines.filter(line => /summary/.test(line)).join('\n'))
  t.strictSame(
    lines.filter(line =>
      /WARNING|FAIL|SKIPPED(?! \(skipping for SSL server\))|warnings? were/.test(line)
    ),
    []
  )
}

t.test('over a fresh home', async t => {
  if (!requireClient(t, 'litmus')) return
  const dav = await serveDav(t, t.testdir())
  await passes(t, t.testdirName, `${dav.url}/dav/mfs/`)
  t.strictSame(dav.faults, [])
})

t.test('over an own name in /dav/ipns', { timeout: 150_000 }, async t => {
  if (!requireClient(t, 'litmus')) return
  const world = await makeWorld(t)
  const { url } = await world.start()
  await fetch(new URL('/dav/mfs/site', url), { method: 'MKCOL' })
  await world.line(['key', 'new', 'site'])
  await world.line(['publish', '/mfs/site', '--key', 'site'])
  await passes(t, world.folder, `${url}dav/ipns/site/`)
})

t.test('over TLS, with a password', { timeout: 150_000 }, async t => {
  if (!requireClient(t, 'litmus')) return
  const world = await makeWorld(t)
  const secret = await world.line(['user', 'add', 'ann'])
  await writeFile(join(world.home, 'config.yaml'), 'tls:\n  certificate: self-signed\n')
  await world.start(['--mount', 'none', '--share', '127.0.0.1:0'])
  const { share } = JSON.parse(await world.line(['status', '--json']))
  const port = /\d+$/.exec(share.listen)?.[0]
  await passes(t, world.folder, `https://localhost:${port}/dav/mfs/`, 'ann', secret)
})
