import t from 'tap'
import { mountMfs } from './mount-mfs.ts'
import { canMount } from './mounted.ts'
import { toolSuite } from './tool-suite.ts'

t.test('real programs in a mount of /mfs', async t => {
  if (!canMount(t)) return
  toolSuite(t, mountMfs)
})
