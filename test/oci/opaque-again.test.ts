import t from 'tap'
import type { LayerEntry } from '../../src/pull/adapter.ts'
import { RootFilesystem } from '../../src/pull/image/root-filesystem.ts'
import { openPullWorld } from '../lib/pull-world.ts'

t.test('a folder that is made opaque again and again is walked once', async t => {
  const { writer, store, remove } = openPullWorld()
  t.teardown(remove)
  const flush = () => store.flush()
  const root = new RootFilesystem({ writer, flush, layers: 1, mostBytes: 1_000_000 })
  const facts = { mode: 0o755, mtimeSeconds: 0, uid: 0, gid: 0 }
  const many = 100_000
  await root.addLayer(
    0,
    (async function* (): AsyncGenerator<LayerEntry> {
      for (let at = 0; at < many; at++) yield { ...facts, kind: 'directory', path: `d/${at}` }
      for (let at = 0; at < many; at++) yield { ...facts, kind: 'opaque', path: 'd/' }
    })()
  )
  t.equal(root.owners(), '', 'else it would take minutes')
})
