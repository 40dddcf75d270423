import { type File, isBelow, type Step, type World } from './world.ts'

/** Whether POSIX has an error for a step, on a world whose paths may be anything. */
export function isRefused(world: World, step: Step): boolean {
  const node = world.get(step.path)
  if (!hasFolder(world, step.path)) return true
  switch (step.kind) {
    case 'create':
    case 'mkdir':
      return node !== undefined
    case 'rmdir':
      return node !== 'folder' || !isEmpty(world, step.path)
    case 'link':
      return (
        node === undefined || node === 'folder' || world.has(step.to) || !hasFolder(world, step.to)
      )
    case 'copy':
      return isCopyRefused(world, node, step.to)
    case 'rename':
      return isRenameRefused(world, step.path, step.to)
    case 'exchange': {
      const nested = isBelow(step.path, step.to) || isBelow(step.to, step.path)
      return node === undefined || !world.has(step.to) || nested
    }
    default:
      return node === undefined || node === 'folder'
  }
}

/** A file over itself: the ranges overlap. */
function isCopyRefused(world: World, from: File | 'folder' | undefined, path: string): boolean {
  const to = world.get(path)
  if (from === undefined || from === 'folder' || to === undefined || to === 'folder') return true
  return from === to && from.bytes.length > 0
}

function isRenameRefused(world: World, path: string, to: string): boolean {
  const [moved, replaced] = [world.get(path), world.get(to)]
  if (moved === undefined || !hasFolder(world, to) || isBelow(to, path)) return true
  if (path === to || replaced === undefined) return false
  if ((moved === 'folder') !== (replaced === 'folder')) return true
  return replaced === 'folder' && !isEmpty(world, to)
}

function hasFolder(world: World, path: string): boolean {
  const cut = path.lastIndexOf('/')
  return cut === -1 || world.get(path.slice(0, cut)) === 'folder'
}

function isEmpty(world: World, folder: string): boolean {
  return ![...world.keys()].some(path => isBelow(path, folder))
}
