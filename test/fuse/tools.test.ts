import t from 'tap'
import { canMount, mountTestTree } from './mounted.ts'
import { toolSuite } from './tool-suite.ts'

t.test('real programs in a mount of a tree in memory', async t => {
  if (!canMount(t)) return
  toolSuite(t, mountTestTree)
})
