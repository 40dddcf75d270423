import { writeSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { toName } from '../../../src/base/names.ts'
import { at, caller, names, openTree } from './open-tree.ts'

/**
 * A process that works on the tree of a home by a seeded die until it is killed, and seals beside
 * it. Each line on its output was true when it was written: `synced <name> <text>` after
 * `synchronize`, `made <name>`, `removed <name>` after the call returned.
 */
const [home, seed] = process.argv.slice(2) as [string, string]
const { tree } = openTree(home, { recover: true })
const say = (line: string) => writeSync(1, `${line}\n`)

let state = Number(seed)
const die = (sides: number) => {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
  return (state >> 8) % sides
}

const folders = ['', 'a', 'b', 'a/c']
for (const path of ['a', 'b', 'a/c']) {
  const parent = at(tree, path.slice(0, Math.max(path.lastIndexOf('/'), 0)))
  const name = toName(path.slice(path.lastIndexOf('/') + 1))
  if (!names(tree, parent).includes(name)) tree.makeDirectory(parent, name, 0o755, caller)
}

function act(step: number): void {
  const path = folders[die(folders.length)] ?? ''
  const folder = at(tree, path)
  const name = `${seed}-${step}`
  const { ino } = tree.createFile(folder, toName(name), 0o644, caller)
  say(`made ${path}/${name}`)
  const text = `${name} `.repeat(1 + die(200))
  tree.write(ino, Buffer.from(text), 0)
  if (die(3) === 0) {
    tree.synchronize(ino)
    say(`synced ${path}/${name} ${text.length}`)
  }
  tree.releaseWriting(ino)
  if (die(4) === 0) tree.makeLink(ino, tree.root, toName(`link-${name}`))
  const fate = die(6)
  if (fate < 2) {
    tree.remove(folder, toName(name))
    say(`removed ${path}/${name}`)
  } else if (fate === 2) {
    say(`leaving ${path}/${name}`)
    tree.rename(folder, toName(name), tree.root, toName('latest'), { mode: 'replace' })
  }
  if (die(2) === 0) tree.forget(ino, 1)
}

async function sealAlways(): Promise<never> {
  for (;;) {
    await tree.seal()
    await turn()
  }
}

async function actAlways(): Promise<never> {
  for (let step = 0; ; step++) {
    act(step)
    if (step % 5 === 0) await turn()
  }
}

await Promise.all([sealAlways(), actAlways()])
