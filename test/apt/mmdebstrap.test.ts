import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { findClient } from '../lib/clients.ts'
import { machineMirror, openMirrorWorld } from '../lib/mirror-world.ts'
import { requireClient, requireRoot } from '../lib/skip.ts'

/** Real downloads, on a machine that may be busy. */
t.setTimeout(280_000)

t.test('mmdebstrap builds a root filesystem through Cairn', async t => {
  if (!requireClient(t, 'mmdebstrap') || !requireRoot(t)) return
  const mirror = machineMirror()
  if (mirror === undefined) {
    t.fail('this machine has no http Debian mirror in its apt sources')
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'cairn-mmdebstrap-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const world = await openMirrorWorld({ debian: mirror.url }, { patience: {} })
  t.teardown(() => world.remove())
  const tar = join(folder, 'base.tar')
  const built = await execa(
    findClient('mmdebstrap')!,
    [
      '--variant=minbase',
      '--mode=root',
      `--aptopt=Acquire::http::Proxy "${world.url}"`,
      '--aptopt=Acquire::Check-Valid-Until "false"',
      '--aptopt=Acquire::Check-Date "false"',
      mirror.suite,
      tar,
      mirror.url
    ],
    { all: true, reject: false, stdin: 'ignore' }
  )
  t.equal(built.exitCode, 0) || t.comment(built.all)
  const listed = await execa('tar', ['-tf', tar])
  t.match(listed.stdout, /^\.\/usr\/bin\/apt-get$/m)
  t.ok([...world.catalog.items('apt/debian/pool/')].length > 50, 'its packages came through Cairn')
  t.equal(world.pull.statistics().failures, 0)
})
