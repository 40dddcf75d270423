import { execFile } from 'node:child_process'
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { toCairnError } from '../../base/errors.ts'

const run = promisify(execFile)

/**
 * davfs2 asks nothing: on this machine's own port there is no password. Its buffer is 16 KiB unless told:
 * kernels that ask for listings of more were answered EINVAL. https://manpages.debian.org/davfs2.conf
 */
const davfsSettings = 'ask_auth 0\nuse_locks 1\nbuf_size 64\n'

/** The folders that davfs2 has mounted the drive on. https://man7.org/linux/man-pages/man5/proc_pid_mounts.5.html */
export async function drivesMounted(url: string): Promise<string[]> {
  const table = await readFile('/proc/self/mounts', 'utf8')
  return table.split('\n').flatMap(line => {
    const [source = '', folder = '', type = ''] = line.split(' ').map(unescaped)
    return source === url && type.startsWith('fuse') ? [folder] : []
  })
}

function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8))
  )
}

/**
 * Mounts the drive on a folder by davfs2, which needs root; false if it is there already. Throws with
 * what davfs2 said.
 */
export async function mountDrive(url: string, folder: string, home: string): Promise<boolean> {
  const real = await realpath(folder).catch(() => folder)
  if ((await drivesMounted(url)).includes(real)) return false
  const settings = join(home, 'davfs2.conf')
  try {
    await mkdir(folder, { recursive: true })
    await writeFile(settings, davfsSettings)
    await run('mount', ['-t', 'davfs', '-o', `conf=${settings}`, url, folder])
    return true
  } catch (cause) {
    throw toCairnError(
      saidBy(cause),
      'davfs2 did not mount the drive (install davfs2, run as root)'
    )
  }
}

/** Mounts the drive in the user's session, or unmounts it. Throws with what gio said. */
export async function mapByGio(url: string, undo: boolean): Promise<void> {
  try {
    await run('gio', ['mount', ...(undo ? ['-u'] : []), gioUrl(url)])
  } catch (cause) {
    throw toCairnError(
      saidBy(cause),
      `gio did not ${undo ? 'unmount' : 'mount'} the drive (it needs gvfs and a session, as dbus-run-session begins one)`
    )
  }
}

/** What GNOME calls `http:` and `https:` of a drive. */
export function gioUrl(url: string): string {
  return url.replace(/^http/, 'dav')
}

/** Unmounts it when all that was written has arrived. */
export async function unmountDrive(folder: string): Promise<void> {
  try {
    await run('umount', [folder])
  } catch (cause) {
    throw toCairnError(saidBy(cause), `${folder} was not unmounted`)
  }
}

function saidBy(cause: unknown): unknown {
  const { stderr } = cause as { stderr?: string }
  return stderr === undefined || stderr.trim() === '' ? cause : new Error(stderr.trim(), { cause })
}
