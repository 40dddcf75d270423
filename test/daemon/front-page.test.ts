import t from 'tap'
import { type Access, localAccess, type Scope } from '../../src/base/access.ts'
import { toName } from '../../src/base/names.ts'
import type { Status } from '../../src/control/api.ts'
import { showAsPage, showAsText } from '../../src/daemon/front-page.ts'

const counts = {
  requests: 0,
  hits: 0,
  stale: 0,
  failures: 0,
  bytesServed: 0,
  bytesFetched: 0
}
const status = {
  version: '0.1.0',
  pid: 1,
  startedMs: Date.parse('2026-01-02T03:04:05Z'),
  home: '/home/<ann>/cairn',
  listen: '127.0.0.1:7070',
  share: undefined,
  network: 'off',
  mounts: [
    {
      name: 'mfs',
      path: '/home/<ann>/m/mfs',
      state: 'failed',
      readOnly: false,
      problem: 'no "FUSE"',
      passthroughProblem: undefined
    }
  ],
  store: { blocks: 1, bytes: 2048, segments: 1, segmentBytes: 4096 },
  catalog: { items: 2, bytes: 10, adapters: { apt: { items: 2, bytes: 10 } } },
  pull: { ...counts, adapters: {}, flights: 3, troubles: [] },
  cache: {
    budgetBytes: 1 << 30,
    unusedMs: undefined,
    cachedBytes: 0,
    indexBytes: 0,
    measuredMs: 0,
    droppedParts: 0,
    droppedBytes: 0,
    collectedMs: 0,
    freedBytes: 0
  },
  names: { published: 1, followed: 2, stale: 1, heads: 0 },
  mfs: 'bafysnapshot',
  memoryBytes: 1 << 20
} as unknown as Status

const userOf = (scopes: readonly Scope[], folder?: string): Access => ({
  user: 'ann',
  scopes: new Set(scopes),
  root: folder === undefined ? [] : [toName(folder)]
})

t.test('the page leads to every door and tells what runs', async t => {
  const page = showAsPage(status, localAccess)
  for (const link of [
    '/dav/mfs/',
    '/dav/pkg/',
    '/dav/ipns/',
    '/dav/ipfs/bafysnapshot/',
    '/metrics'
  ]) {
    t.match(page, `href="${link}"`)
  }
  t.match(page, 'apt 2 (10 B)')
  t.match(page, '1 published, 2 followed, 1 stale')
  t.match(page, '3 downloads')
  t.match(page, '0 B of 1.0 GiB')
})

t.test('what is told cannot leave the page’s text, and the page has no script', async t => {
  const page = showAsPage(status, localAccess)
  t.notMatch(page, /<ann>|<script/)
  t.match(page, '/home/&lt;ann&gt;/m/mfs (not mounted: no &quot;FUSE&quot;)')
})

t.test('a user who does not administer it is not told where it lies and what it does', async t => {
  const page = showAsPage(status, userOf(['read', 'write']))
  t.match(page, 'href="/dav/pkg/"')
  t.notMatch(page, /home|metrics|snapshot/)
  t.match(showAsPage(status, userOf(['admin'])), 'metrics')
  const kept = showAsPage(status, userOf(['read'], 'ann'))
  t.match(kept, 'href="/dav/mfs/"')
  t.match(kept, 'files, to read\n')
  t.notMatch(kept, /pkg|ipns|apt/)
})

t.test('a terminal is told the same in lines, with whole addresses on this machine', async t => {
  const text = showAsText(status, localAccess)
  t.match(text, /^Cairn 0\.1\.0\n\ndrive {5}http:\/\/127\.0\.0\.1:7070\/dav\/mfs\/ /)
  t.match(text, /^mount {5}\/home\/<ann>\/m\/mfs \(not mounted: no "FUSE"\)$/m)
  t.match(showAsText(status, userOf(['read'])), /^drive {5}\/dav\/mfs\/ /m)
})
