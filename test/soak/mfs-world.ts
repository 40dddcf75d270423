import { nameText } from '../../src/base/names.ts'
import { fileType } from '../../src/vfs/api.ts'
import type { Mfs } from '../../src/vfs/mfs/api.ts'
import { at, caller, place } from '../vfs/mfs/open-tree.ts'
import { bytesOf, type File, type Step, type World } from './world.ts'

/** Makes a step in a mutable tree, without a mount. */
export function takeInMfs(tree: Mfs, step: Step): void {
  const ino = () => at(tree, step.path)
  switch (step.kind) {
    case 'create': {
      const made = tree.createFile(...place(tree, step.path), 0o644, caller)
      tree.releaseWriting(made.ino)
      return
    }
    case 'mkdir':
      tree.makeDirectory(...place(tree, step.path), 0o755, caller)
      return
    case 'unlink':
      tree.remove(...place(tree, step.path))
      return
    case 'rmdir':
      tree.removeDirectory(...place(tree, step.path))
      return
    case 'sync':
      tree.synchronize(ino())
      return
    case 'copy':
      copyInMfs(tree, ino(), at(tree, step.to))
      return
    case 'link':
      tree.makeLink(ino(), ...place(tree, step.to))
      return
    case 'truncate':
      tree.change(ino(), { size: step.size }, caller)
      return
    case 'write': {
      const file = ino()
      tree.openForWriting(file, false)
      tree.write(file, bytesOf(step), step.position)
      tree.releaseWriting(file)
      return
    }
    default: {
      const mode = step.kind === 'rename' ? 'replace' : 'exchange'
      tree.rename(...place(tree, step.path), ...place(tree, step.to), { mode })
    }
  }
}

function copyInMfs(tree: Mfs, from: number, to: number): void {
  const { size } = tree.attributes(from)
  tree.openForWriting(to, false)
  for (let done = 0; done < size; ) {
    done += tree.copyRange({ ino: from, position: done }, { ino: to, position: done }, size - done)
  }
  tree.releaseWriting(to)
}

/** All that a mutable tree shows. */
export function worldOfMfs(tree: Mfs): World {
  const world: World = new Map()
  const files = new Map<number, File>()
  visit(tree, tree.root, '', world, files)
  return world
}

function visit(tree: Mfs, ino: number, prefix: string, world: World, files: Map<number, File>) {
  tree.readDirectory(ino, { cookie: 0, withAttributes: false }, ({ name, ino, mode }) => {
    const path = `${prefix}${nameText(name)}`
    if (world.has(path)) throw new Error(`${path} is listed twice`)
    if ((mode & fileType.mask) === fileType.directory) {
      world.set(path, 'folder')
      visit(tree, ino, `${path}/`, world, files)
      return true
    }
    const file = files.get(ino) ?? { bytes: readAll(tree, ino) }
    files.set(ino, file)
    world.set(path, file)
    return true
  })
}

function readAll(tree: Mfs, ino: number): Buffer {
  const bytes = Buffer.alloc(tree.attributes(ino).size)
  if (tree.read(ino, bytes, 0) !== bytes.length) throw new Error(`inode ${ino} is cut short`)
  return bytes
}
