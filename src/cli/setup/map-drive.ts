import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { toCairnError } from '../../base/errors.ts'

const run = promisify(execFile)

/**
 * davfs2 asks nothing: on this machine's own port there is no password. Its buffer is 16 KiB unless told:
 * kernels that ask for listings of more were answered EINVAL. https://manpages.debian.org/davfs2.conf
 */
const davfsSettings = 'ask_auth 0\nuse_locks 1\nbuf_size 64\n'

/** Mounts the drive on a folder by davfs2, which needs root. Throws with what davfs2 said. */
export async function mountDrive(url: string, folder: string, home: string): Promise<void> {
  const settings = join(home, 'davfs2.conf')
  try {
    await mkdir(folder, { recursive: true })
    await writeFile(settings, davfsSettings)
    await run('mount', ['-t', 'davfs', '-o', `conf=${settings}`, url, folder])
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
