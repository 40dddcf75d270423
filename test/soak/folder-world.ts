import {
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rmdir,
  stat,
  truncate,
  unlink
} from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import koffi from 'koffi'
import { bytesOf, type File, type Step, type World } from './world.ts'

const atFdcwd = -100
const renameExchange = 2

/** renameat2(2), which Node does not have; a refusal has no code. */
async function exchange(one: string, other: string): Promise<void> {
  const renameat2 = koffi
    .load('libc.so.6')
    .func('int renameat2(int, const char *, int, const char *, unsigned int)')
  const call = promisify(renameat2.async)
  const status: unknown = await call(atFdcwd, one, atFdcwd, other, renameExchange)
  if (status !== 0) throw new Error(`${one} and ${other} were not exchanged`)
}

/** copy_file_range(2) from start to end, by the positions of both files. */
async function copy(from: string, to: string): Promise<void> {
  const copyFileRange = koffi
    .load('libc.so.6')
    .func('int64_t copy_file_range(int, void *, int, void *, size_t, unsigned int)')
  const call = promisify(copyFileRange.async)
  await withFile(from, source =>
    withFile(to, async target => {
      const { size } = await source.stat()
      for (let done = 0; done < size; ) {
        const count: unknown = await call(source.fd, null, target.fd, null, size - done, 0)
        if (typeof count !== 'number' || count <= 0)
          throw new Error(`${from} was not copied to ${to}`)
        done += count
      }
    })
  )
}

/** Makes a step in a folder, as a program does. */
export async function takeInFolder(folder: string, step: Step): Promise<void> {
  const path = join(folder, step.path)
  switch (step.kind) {
    case 'create':
      return (await open(path, 'wx')).close()
    case 'mkdir':
      return mkdir(path)
    case 'unlink':
      return unlink(path)
    case 'rmdir':
      return rmdir(path)
    case 'copy':
      return copy(path, join(folder, step.to))
    case 'link':
      return link(path, join(folder, step.to))
    case 'rename':
      return rename(path, join(folder, step.to))
    case 'exchange':
      return exchange(path, join(folder, step.to))
    case 'truncate':
      return truncate(path, step.size)
    case 'sync':
      return withFile(path, file => file.sync())
    case 'write':
      return withFile(path, async file => {
        const { bytesWritten } = await file.write(bytesOf(step), 0, step.length, step.position)
        if (bytesWritten < step.length) throw new Error(`${path} took only ${bytesWritten} bytes`)
      })
  }
}

async function withFile(path: string, use: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await use(file)
  } finally {
    await file.close()
  }
}

/** All that a folder shows. */
export async function worldOfFolder(folder: string): Promise<World> {
  const world: World = new Map()
  const files = new Map<bigint, File>()
  const visit = async (prefix: string) => {
    for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
      const path = `${prefix}${entry.name}`
      if (world.has(path)) throw new Error(`${path} is listed twice`)
      world.set(path, entry.isDirectory() ? 'folder' : await fileOf(join(folder, path), files))
      if (entry.isDirectory()) await visit(`${path}/`)
    }
  }
  await visit('')
  return world
}

async function fileOf(path: string, files: Map<bigint, File>): Promise<File> {
  const { ino } = await stat(path, { bigint: true })
  const file = files.get(ino) ?? { bytes: await readFile(path) }
  files.set(ino, file)
  return file
}
