import t from 'tap'
import { mountTestTree, skipWithoutFuse } from './mounted.ts'
import { toolSuite } from './tool-suite.ts'

t.test('real programs in a mount of a tree in memory', { skip: skipWithoutFuse }, async t => {
  toolSuite(t, mountTestTree)
})
