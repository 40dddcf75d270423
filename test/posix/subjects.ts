import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import type { Name } from '../../src/base/names.ts'
import type { WritableTree } from '../../src/vfs/api.ts'
import type { Mfs } from '../../src/vfs/mfs/api.ts'
import { Actor, type Batch } from './actor.ts'
import { treeSystem } from './tree/system.ts'

/** A file system the suite runs over. */
export interface Subject {
  /** As the tables name it. */
  readonly name: string
  /** Runs a batch in the process named. */
  readonly run: (process: string, batch: Batch) => Promise<string[]>
}

/** A folder of a mounted file system; its processes end with the test. */
export function folderSubject(t: Test, name: string, top: string): Subject {
  const actors = new Map<string, (batch: Batch) => Promise<string[]>>()
  return {
    name,
    run: (process, batch) => {
      const actor = actors.get(process) ?? startActor(t, top)
      actors.set(process, actor)
      return actor(batch)
    }
  }
}

const entry = new URL('./kernel/actor-process.ts', import.meta.url)

function startActor(t: Test, top: string): (batch: Batch) => Promise<string[]> {
  const args = ['--disable-warning=ExperimentalWarning', entry.pathname, top]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const stderr = child.stderr.setEncoding('utf8').toArray()
  const ended = once(child, 'close')
  t.teardown(async () => {
    child.stdin.end()
    await ended
  })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return async batch => {
    child.stdin.write(`${JSON.stringify(batch)}\n`)
    const { value, done } = await answers.next()
    if (done) throw new Error(`a process of the suite ended: ${(await stderr).join('')}`)
    return JSON.parse(value) as string[]
  }
}

/** A tree without a kernel. */
export function treeSubject(tree: WritableTree): Subject {
  const actor = new Actor(treeSystem(tree), '/')
  return {
    name: 'tree',
    run: async (_process, batch) => actor.run(batch)
  }
}

/**
 * A tree whose folders are found sealed: each is a copy of one that was sealed as its setup left it,
 * so that no name in it has a row. Owners, hard links, pipes and sockets are not sealed.
 */
export function sealedTreeSubject(tree: Mfs): Subject {
  const templates = new Map<string, number>()
  const maker = new Actor(treeSystem(tree), '/')
  const options = { caller: { uid: 0, gid: 0 }, members: true }
  const copy = (folder: string, name: string) => {
    const { ino } = tree.clone(templates.get(folder) ?? 0, tree.root, name as Name, options)
    tree.forget(ino, 1)
  }
  const actor = new Actor(treeSystem(tree), '/', copy)
  return {
    name: 'tree',
    run: async (_process, batch) => {
      if (!templates.has(batch.folder)) {
        const name = `${batch.folder}-template`
        maker.run({ ...batch, folder: name, commands: [] })
        templates.set(batch.folder, tree.lookup(tree.root, name as Name).ino)
        await tree.seal()
      }
      return actor.run(batch)
    }
  }
}
