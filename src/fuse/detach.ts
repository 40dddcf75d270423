import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { commandMs, runCommand } from './run-command.ts'

type Manner = 'polite' | 'lazy' | 'abort'

/**
 * How a mount is taken away: by umount(8) as root, else by fusermount3. `polite` fails while users
 * hold it; `lazy` hides it at once and ends it with its last user; `abort`, root only, cuts all off.
 */
export function detachCommand(
  mountPoint: string,
  manner: Manner
): readonly [string, readonly string[]] {
  if (process.getuid?.() !== 0) {
    return ['fusermount3', ['-u', ...(manner === 'polite' ? [] : ['-z']), '--', mountPoint]]
  }
  // Neither looks at the mount point (-c): whoever serves it may be dead.
  const flag = { polite: [], lazy: ['-l'], abort: ['-f'] }[manner]
  return ['umount', ['-c', '-i', ...flag, '--', mountPoint]]
}

/** Unmounts; false while users hold it. */
export async function detachPolitely(mountPoint: string): Promise<boolean> {
  const { status } = await runCommand(...detachCommand(mountPoint, 'polite'))
  return status === 0
}

/** Takes the mount out of sight, whoever holds it. */
export async function detachLazily(mountPoint: string): Promise<void> {
  await runCommand(...detachCommand(mountPoint, 'lazy'))
}

/** Cuts off everybody who uses the mount, and ends its threads' reads; only root can. */
export async function abortMount(mountPoint: string): Promise<void> {
  await runCommand(...detachCommand(mountPoint, 'abort'))
}

const connections = '/sys/fs/fuse/connections'

/**
 * Ends the connection of a FUSE file system, by its `major:minor`, wherever it is still mounted. Where the
 * control file system is not, root mounts it for this command alone.
 * https://docs.kernel.org/filesystems/fuse/fuse.html#control-filesystem
 */
export async function abortConnection(device: string): Promise<void> {
  const [, minor = ''] = device.split(':')
  try {
    await writeFile(`${connections}/${minor}/abort`, '1')
  } catch {
    if (process.getuid?.() !== 0) return
    const script = `mount -t fusectl none ${connections} && echo 1 >"${connections}/$1/abort"`
    await runCommand('unshare', ['-m', 'sh', '-c', script, 'sh', minor])
  }
}

/** For a process that is about to exit and can wait for nothing: aborts if it may, and detaches. */
export function detachNow(mountPoint: string): void {
  for (const manner of ['abort', 'lazy'] as const) {
    const [command, args] = detachCommand(mountPoint, manner)
    spawnSync(command, args, { timeout: commandMs, stdio: 'ignore' })
  }
}
