import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CairnError, toCairnError } from '../base/errors.ts'
import type { Tree } from '../vfs/api.ts'
import { BackingFiles } from './backing-files.ts'
import { DraftsInPlace } from './drafts-in-place.ts'
import { FileLeases } from './file-leases.ts'
import type { InPlace } from './in-place.ts'
import { makeOpenFilesMemory, OpenFiles } from './open-files.ts'
import { SegmentsInPlace } from './segments-in-place.ts'
import { isWritable } from './session.ts'

export interface Passthrough {
  /** The calling thread's. */
  readonly inPlace: InPlace
  /** For the other threads of the mount. */
  readonly memory: SharedArrayBuffer
}

/** Passthrough for a mount whose INIT is answered, or why there is none: the kernel is asked to take a file. */
export function preparePassthrough(device: number, tree: Tree): Passthrough | { problem: string } {
  const folder = isWritable(tree) ? tree.plainFiles?.folder : tree.sharedFiles?.folder
  if (folder === undefined) return { problem: 'nothing here is a plain file' }
  try {
    tryBacking(device, folder)
    const memory = makeOpenFilesMemory()
    return { inPlace: joinPassthrough(device, memory, tree)!, memory }
  } catch (cause) {
    return { problem: toCairnError(cause).message }
  }
}

/** The calling thread's part of it; undefined without `memory`. */
export function joinPassthrough(
  device: number,
  memory: SharedArrayBuffer | undefined,
  tree: Tree
): InPlace | undefined {
  if (memory === undefined) return undefined
  const [open, backing] = [new OpenFiles(memory), new BackingFiles(device)]
  if (isWritable(tree)) return new DraftsInPlace(open, backing, tree)
  return tree.sharedFiles && new SegmentsInPlace(open, backing, tree.sharedFiles)
}

/** Leases too: by them it is known when a file is used no more. */
function tryBacking(device: number, folder: string): void {
  mkdirSync(folder, { recursive: true })
  const trial = mkdtempSync(join(folder, 'passthrough-'))
  try {
    const path = join(trial, 'trial')
    writeFileSync(path, '')
    const backing = new BackingFiles(device)
    backing.close(backing.open(path))
    if (new FileLeases().removeUnlessOpen(path)) return
    throw new CairnError('unsupported', 'the file system of the home has no leases (fcntl)')
  } finally {
    rmSync(trial, { recursive: true })
  }
}
