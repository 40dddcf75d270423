import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { checkMfs } from '../../../src/vfs/mfs/check.ts'
import { at, openTree, readText } from './open-tree.ts'

/** Runs a process that acts on the tree, and SIGKILLs it once it has said `lines` lines; returns those. */
async function actAndDie(t: Test, home: string, seed: number, lines: number): Promise<string[]> {
  const script = new URL('./acting-process.ts', import.meta.url).pathname
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', script, home, String(seed)],
    { stdio: ['ignore', 'pipe', 'inherit'] }
  )
  t.teardown(() => child.kill('SIGKILL'))
  const exit = once(child, 'exit')
  const said: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line)
    if (said.length === lines) child.kill('SIGKILL')
  }
  const [code, signal] = await exit
  if (signal !== 'SIGKILL') throw new Error(`the child ended by itself: ${code} ${signal}`)
  return said
}

t.test(
  'kill -9 at any moment leaves a state that existed, with all that was acknowledged',
  async t => {
    const home = t.testdir()
    for (const [seed, lines] of [
      [1, 5],
      [2, 60],
      [3, 201],
      [4, 333],
      [5, 90]
    ] as const) {
      const said = await actAndDie(t, home, seed, lines)
      const early = openTree(home)
      t.same(checkMfs(early.database, early.drafts).problems, [], `killed after ${lines}`)
      early.close()
      const { tree, database, drafts, close } = openTree(home, { recover: true })
      t.same(checkMfs(database, drafts, { resting: true }).problems, [], 'recovered')
      const there = (path: string) => {
        try {
          return readText(tree, at(tree, path))
        } catch {
          return undefined
        }
      }
      const gone = new Set(
        said.filter(line => /^(removed|leaving)/.test(line)).map(line => line.split(' ')[1])
      )
      // The last acknowledged line may be followed by a removal that was not acknowledged any more.
      for (const line of said.slice(0, -1)) {
        const [what, path = '', length] = line.split(' ')
        if (what === 'removed') t.equal(there(path), undefined, line)
        if (gone.has(path)) continue
        if (what === 'made' && path !== said.at(-1)?.split(' ')[1])
          t.type(there(path), 'string', line)
        if (what !== 'synced' || path === said.at(-1)?.split(' ')[1]) continue
        const word = `${path.slice(path.lastIndexOf('/') + 1)} `
        t.equal(there(path), word.repeat(Number(length) / word.length), line)
      }
      await tree.seal()
      t.equal(tree.isDirty(), false)
      t.same(checkMfs(database, drafts, { resting: true }).problems, [], 'recovered and sealed')
      close()
    }
  }
)
