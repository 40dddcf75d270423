import { constants } from 'node:fs'
import { access, readdir, readFile, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { MountStatus } from '../../control/api.ts'
import { type TreeName, treeNames } from '../../daemon/tree-names.ts'
import type { Examined, Finding } from './finding.ts'

/** Character device 10:229: https://docs.kernel.org/admin-guide/devices.html */
const fuseDevice = (10 << 8) | 229

const unmounted = (check: string): Finding => ({
  check,
  verdict: 'ok',
  found: 'not needed: mount is none'
})

export async function checkFuseDevice({ settings }: Examined): Promise<Finding> {
  const check = '/dev/fuse'
  if (settings.mount === undefined) return unmounted(check)
  try {
    await access(check, constants.R_OK | constants.W_OK)
    const { rdev } = await stat(check)
    if (rdev !== fuseDevice) {
      const found = 'something else stands there: nothing can be mounted'
      return { check, verdict: 'fail', found, advice: 'make it anew: mknod /dev/fuse c 10 229' }
    }
    return { check, verdict: 'ok', found: 'there, and open to you' }
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    return {
      check,
      verdict: 'fail',
      found: missing ? 'not there: nothing can be mounted' : 'you may not open it',
      advice: missing
        ? 'load the kernel module (modprobe fuse); in a container start it with --device /dev/fuse and --cap-add SYS_ADMIN'
        : 'let this user read and write /dev/fuse (mode 0666 on most systems)'
    }
  }
}

/** Root mounts by itself; everybody else through the setuid helper. */
export async function checkFusermount({ settings, environment }: Examined): Promise<Finding> {
  const check = 'fusermount3'
  if (settings.mount === undefined) return unmounted(check)
  if (process.getuid?.() === 0) return { check, verdict: 'ok', found: 'not needed: you are root' }
  for (const folder of (environment.PATH ?? '').split(delimiter)) {
    const path = join(folder, check)
    const there = await access(path, constants.X_OK).then(
      () => true,
      () => false
    )
    if (there) return { check, verdict: 'ok', found: path }
  }
  return { check, verdict: 'fail', found: 'not there', advice: 'apt-get install fuse3' }
}

/** Whether the kernel reads and writes files in place, where it was asked to: the running daemon has tried. */
export function checkPassthrough({ settings, running }: Examined): Finding {
  const check = 'passthrough'
  const { mfsPassthrough, ipfsPassthrough } = settings
  const asked = [...(mfsPassthrough ? ['mfs'] : []), ...(ipfsPassthrough ? ['ipfs'] : [])]
  if (settings.mount === undefined || asked.length === 0) {
    return { check, verdict: 'ok', found: 'not asked for' }
  }
  const mounts = running?.mounts.filter(({ name }) => asked.includes(name)) ?? []
  const problem = mounts.find(mount => mount.passthroughProblem !== undefined)?.passthroughProblem
  if (problem !== undefined) {
    const advice = 'all works without; take `passthrough` out of config.yaml, or do as it says'
    return { check, verdict: 'warn', found: `off: ${problem}`, advice }
  }
  if (running !== undefined) {
    return { check, verdict: 'ok', found: `large files of ${asked.join(' and ')}` }
  }
  if (process.getuid?.() === 0) return { check, verdict: 'ok', found: 'tried at the next start' }
  const found = 'off: the kernel allows it to root alone (CAP_SYS_ADMIN)'
  return { check, verdict: 'warn', found, advice: 'run Cairn as root, or do without' }
}

/** Each tree's mount point is to be empty, or mounted by the daemon that runs: it says where, and which it could not. */
export async function checkMountPoint({ settings, running }: Examined): Promise<Finding> {
  const check = 'mount folder'
  if (running !== undefined) return checkRunningMounts(check, running.mounts)
  const { mount } = settings
  if (mount === undefined) return unmounted(check)
  const table = await readFile('/proc/self/mounts', 'utf8')
  const mounted = treeNames.filter(name => table.includes(` ${escapeMount(join(mount, name))} `))
  if (mounted.length > 0) {
    return {
      check,
      verdict: 'warn',
      found: `${mount} still shows mounts of a daemon that was killed`,
      advice: 'nothing: the next start clears them'
    }
  }
  const full = await treesWithFiles(mount)
  if (full.length === 0) return { check, verdict: 'ok', found: mount }
  return {
    check,
    verdict: 'fail',
    found: `${full.map(name => join(mount, name)).join(', ')} holds files: a mount would hide them`,
    advice: 'move them away, or set another `mount`'
  }
}

function checkRunningMounts(check: string, mounts: readonly MountStatus[]): Finding {
  if (mounts.length === 0) return { check, verdict: 'ok', found: 'the daemon mounts nothing' }
  const failed = mounts.find(({ problem }) => problem !== undefined)
  if (failed !== undefined) {
    return {
      check,
      verdict: 'fail',
      found: `${failed.path} is not mounted: ${failed.problem}`,
      advice: 'then restart the daemon'
    }
  }
  const shown = mounts.map(({ path, readOnly }) => `${path}${readOnly ? ' (read-only)' : ''}`)
  return { check, verdict: 'ok', found: `mounted ${shown.join(', ')}` }
}

async function treesWithFiles(mount: string): Promise<TreeName[]> {
  const full = await Promise.all(
    treeNames.map(async name => (await readdir(join(mount, name)).catch(() => [])).length > 0)
  )
  return treeNames.filter((_, index) => full[index])
}

/** As /proc/mounts writes a path: https://man7.org/linux/man-pages/man5/fstab.5.html */
function escapeMount(path: string): string {
  return path.replace(/[ \t\n\\]/g, character => {
    return `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`
  })
}
