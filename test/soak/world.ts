/** A tree as plain objects: what the one under test must look like after the same steps. */

/** Names that share a file share the object. */
export interface File {
  bytes: Buffer
}

/** Slash-separated paths below the root; `folder`, or a file. */
export type World = Map<string, File | 'folder'>

/** One call of a program. Those that a generator makes succeed. */
export type Step =
  | { readonly kind: 'create' | 'mkdir' | 'unlink' | 'rmdir' | 'sync'; readonly path: string }
  /** `copy`: the bytes of one file over those of another, from the start, by copy_file_range. */
  | {
      readonly kind: 'rename' | 'exchange' | 'link' | 'copy'
      readonly path: string
      readonly to: string
    }
  | {
      readonly kind: 'write'
      readonly path: string
      readonly position: number
      readonly length: number
      /** What distinguishes its bytes from those of other steps. */
      readonly mark: number
    }
  | { readonly kind: 'truncate'; readonly path: string; readonly size: number }

/** What a `write` writes: never a zero, so that a hole is told from it, and no two sectors alike. */
export function bytesOf(step: Extract<Step, { kind: 'write' }>): Buffer {
  const { position, length, mark } = step
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at++) {
    bytes[at] = 1 + ((mark * 41 + ((position + at) >> 9) * 7) % 255)
  }
  return bytes
}

export function fileAt(world: World, path: string): File {
  const found = world.get(path)
  if (found === undefined || found === 'folder') throw new Error(`no file ${path}`)
  return found
}

export function isBelow(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`)
}

/** Makes the step. A file's bytes are replaced, never changed: who holds the old ones keeps them. */
export function take(world: World, step: Step): void {
  switch (step.kind) {
    case 'create':
      world.set(step.path, { bytes: Buffer.alloc(0) })
      return
    case 'mkdir':
      world.set(step.path, 'folder')
      return
    case 'unlink':
    case 'rmdir':
      world.delete(step.path)
      return
    case 'sync':
      return
    case 'link':
      world.set(step.to, fileAt(world, step.path))
      return
    case 'copy':
      copy(fileAt(world, step.path), fileAt(world, step.to))
      return
    case 'rename':
      move(world, step.path, step.to)
      return
    case 'exchange':
      if (step.path === step.to) return
      move(world, step.path, '\0')
      move(world, step.to, step.path)
      move(world, '\0', step.to)
      return
    default: {
      const file = fileAt(world, step.path)
      file.bytes = step.kind === 'write' ? written(file, step) : resized(file.bytes, step.size)
    }
  }
}

/** Two names of one file stay as they are: rename(2). */
function move(world: World, from: string, to: string): void {
  const moved = world.get(from)
  if (moved === undefined) throw new Error(`no ${from}`)
  if (moved !== 'folder' && moved === world.get(to)) return
  for (const [path, node] of [...world]) {
    if (path !== from && !isBelow(path, from)) continue
    world.delete(path)
    world.set(to + path.slice(from.length), node)
  }
}

function copy(from: File, to: File): void {
  const after = resized(to.bytes, Math.max(to.bytes.length, from.bytes.length))
  after.set(from.bytes)
  to.bytes = after
}

function written({ bytes }: File, step: Extract<Step, { kind: 'write' }>): Buffer {
  const after = resized(bytes, Math.max(bytes.length, step.position + step.length))
  after.set(bytesOf(step), step.position)
  return after
}

function resized(bytes: Buffer, size: number): Buffer {
  const after = Buffer.alloc(size)
  bytes.copy(after, 0, 0, size)
  return after
}

/** A copy whose files are objects of its own, hard links kept. */
export function copyOf(world: World): World {
  const copies = new Map<File, File>()
  const copy: World = new Map()
  for (const [path, node] of world) {
    const same = node === 'folder' ? node : (copies.get(node) ?? { ...node })
    if (node !== 'folder' && same !== 'folder') copies.set(node, same)
    copy.set(path, same)
  }
  return copy
}
