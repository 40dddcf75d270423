import { execa } from 'execa'
import t from 'tap'
import { requireClient } from '../lib/skip.ts'
import { serveDav } from './served.ts'

/** The suites of litmus, the WebDAV compliance tests: http://www.webdav.org/neon/litmus/ */
const suites = ['basic', 'copymove', 'props', 'locks', 'http']

t.test('litmus passes, with no warning and nothing skipped', async t => {
  if (!requireClient(t, 'litmus')) return
  const dav = await serveDav(t, t.testdir())
  const ran = await execa('litmus', ['-k', `${dav.url}/dav/mfs/`], {
    cwd: t.testdirName,
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
  t.comment(
    ran.all
      .split('\n')
      .filter(l => /summary/.test(l))
      .join('\n')
  )
  const bad = ran.all.split('\n').filter(line => /WARNING|FAIL|SKIPPED|warnings? were/.test(line))
  t.strictSame(bad, [])
  t.strictSame(dav.faults, [])
})
