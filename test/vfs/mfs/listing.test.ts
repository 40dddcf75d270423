import t from 'tap'
import type { Name } from '../../../src/base/names.ts'
import { makeFile, openTree } from './open-tree.ts'

t.test('who says how many entries are enough gets them in one look at the rows', async t => {
  const { tree, database, close } = openTree(t.testdir())
  for (let number = 0; number < 300; number++) makeFile(tree, `f${number}`)
  const looks = t.capture(database, 'statement', database.statement.bind(database))
  const seen: Name[] = []
  for (let cookie = 0, before = -1; seen.length > before; ) {
    before = seen.length
    tree.readDirectory(1, { cookie, withAttributes: true, atMost: 128 }, entry => {
      cookie = entry.cookie
      seen.push(entry.name)
      return true
    })
    t.ok(seen.length - before <= 128, 'no more of them')
    const lists = looks().filter(({ args: [sql] }) => /FROM dentries LEFT JOIN/.test(sql ?? ''))
    t.equal(lists.length, 1, 'and nothing is read on')
  }
  t.same(new Set(seen).size, 300)
  t.equal(seen.length, 300, 'each of them once')
  close()
})

t.test('a number of entries that is no multiple of what is read at a time is kept to', async t => {
  const { tree, close } = openTree(t.testdir())
  for (let number = 0; number < 200; number++) makeFile(tree, `f${number}`)
  for (const atMost of [1, 127, 128, 129, 199, 200, 201]) {
    let seen = 0
    tree.readDirectory(1, { cookie: 0, withAttributes: false, atMost }, () => {
      seen++
      return true
    })
    t.equal(seen, Math.min(atMost, 200), `${atMost}`)
  }
  close()
})
