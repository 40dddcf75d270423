import { lstat, readFile, realpath, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CairnError, toCairnError } from '../base/errors.ts'
import { detachLazily } from './detach.ts'

/** More mounts than this on top of each other are not ours to clear. */
const stackedMounts = 8
/** A mount point that does not answer within this is served by a process that hangs. */
const answerMs = 2000

/**
 * Returns the real path of a directory that is free to be mounted on; what a killed process left
 * there is unmounted. Throws `not-directory`, `busy` if something lives there, and what `stat` throws.
 */
export async function clearMountPoint(path: string): Promise<string> {
  const mountPoint = await resolve(path)
  for (let tries = 0; tries < stackedMounts; tries++) {
    const state = await look(mountPoint)
    if (state === 'directory') {
      if (!(await isFuseMount(mountPoint))) return mountPoint
      throw new CairnError('busy', `${mountPoint} is mounted by another process: stop that first`)
    }
    if (state === 'other') throw new CairnError('not-directory', `${mountPoint} is no directory`)
    await detachLazily(mountPoint)
  }
  throw new CairnError('busy', `stale mounts at ${mountPoint} could not be cleared: unmount them`)
}

/** The last part is not looked at: a stale mount would fail there. */
async function resolve(path: string): Promise<string> {
  try {
    return join(await realpath(dirname(path)), basename(path))
  } catch (cause) {
    throw toCairnError(cause, `cannot mount on ${path}`)
  }
}

/** The kernel answers `lstat` from its cache for a while after a process was killed; `statfs` it never does. */
async function look(mountPoint: string): Promise<'directory' | 'other' | 'stale'> {
  try {
    const found = await within(lstat(mountPoint), answerMs)
    if (!found.isDirectory()) return 'other'
    await within(statfs(mountPoint), answerMs)
    return 'directory'
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOTCONN' || code === 'ECONNABORTED') return 'stale'
    throw toCairnError(cause, `cannot mount on ${mountPoint}`)
  }
}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    late.reject(new CairnError('busy', 'what is mounted there does not answer'))
  }, ms)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Whether a FUSE file system is mounted exactly there. */
export async function isFuseMount(mountPoint: string): Promise<boolean> {
  return (await fuseDeviceAt(mountPoint)) !== undefined
}

/**
 * `major:minor` of the FUSE file system that is mounted exactly there, the topmost one; undefined if
 * none is. The mount itself is not asked: https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
 */
export async function fuseDeviceAt(mountPoint: string): Promise<string | undefined> {
  const table = await readFile('/proc/self/mountinfo', 'latin1')
  const wanted = escapePath(mountPoint)
  const line = table.split('\n').findLast(line => {
    const [mount = '', filesystem = ''] = line.split(' - ')
    return mount.split(' ')[4] === wanted && filesystem.startsWith('fuse')
  })
  return line?.split(' ')[2]
}

/** The kernel writes blanks, tabs, newlines and backslashes as octal escapes. */
function escapePath(path: string): string {
  const bytes = Buffer.from(path).toString('latin1')
  return bytes.replace(/[ \t\n\\]/g, char => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`)
}
