import { registerHooks } from 'node:module'
import type { Test } from 'tap'

type Work = () => unknown
interface Group {
  readonly name: string
  readonly before: Work[]
  readonly after: Work[]
  readonly tests: Array<{ name: string; work: Work }>
}

/** Lets a suite that imports `aegir/chai` load; to be called before it is imported. */
export function provideAegirChai(): void {
  const url = new URL('./aegir-chai.ts', import.meta.url).href
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'aegir/chai' ? { url, shortCircuit: true } : next(specifier, context)
  })
}

/** Runs a suite written for mocha (`describe`, `it`, `beforeEach`, `afterEach`, one level deep) as subtests of `t`. */
export async function runMochaSuite(t: Test, suite: () => void): Promise<void> {
  for (const group of collect(suite)) {
    await t.test(group.name, async sub => {
      for (const { name, work } of group.tests) {
        await sub.test(name, async () => {
          for (const before of group.before) await before()
          try {
            await work()
          } finally {
            for (const after of group.after) await after()
          }
        })
      }
      sub.not(group.tests.length, 0, 'the group has tests')
    })
  }
}

function collect(suite: () => void): Group[] {
  const groups: Group[] = []
  const current = () => groups.at(-1)!
  const words = {
    describe(name: string, fill: Work) {
      groups.push({ name, before: [], after: [], tests: [] })
      fill()
    },
    it: (name: string, work: Work) => current().tests.push({ name, work }),
    beforeEach: (work: Work) => current().before.push(work),
    afterEach: (work: Work) => current().after.push(work)
  }
  Object.assign(globalThis, words)
  suite()
  return groups
}
