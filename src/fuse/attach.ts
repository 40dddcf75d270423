import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync } from 'node:fs'
import { CairnError } from '../base/errors.ts'
import { attachByFusermount } from './attach-by-fusermount.ts'
import { watchDaemon } from './watch-daemon.ts'

export interface AttachOptions {
  readonly mountPoint: string
  readonly name: string
  readonly allowOther: boolean
  readonly readOnly: boolean
  readonly unmountIfKilled: boolean
}

/** A mount whose INIT waits to be answered. */
export interface Attachment {
  /** The /dev/fuse descriptor that is the mount's connection. */
  readonly device: number
  /** After the mount is gone: ends what was to unmount it if this process is killed. */
  readonly dismiss: () => void
}

/** Shown as the type: `fuse.cairn`. */
export const subtype = 'cairn'

/** Mounts, as root by mount(8), else by fusermount3. Throws `unsupported`, saying what to do. */
export async function attach(options: AttachOptions): Promise<Attachment> {
  const root = process.getuid?.() === 0
  const device = root ? await attachAsRoot(options) : await attachByFusermount(options)
  return { device, dismiss: options.unmountIfKilled ? watchDaemon(options.mountPoint) : () => {} }
}

async function attachAsRoot(options: AttachOptions): Promise<number> {
  const device = openDevice()
  try {
    await mountCommand(options, device)
    return device
  } catch (cause) {
    closeSync(device)
    throw cause
  }
}

function openDevice(): number {
  try {
    return openSync('/dev/fuse', constants.O_RDWR)
  } catch (cause) {
    throw new CairnError(
      'unsupported',
      'FUSE is not to be had here (/dev/fuse cannot be opened): load the kernel module with ' +
        '"modprobe fuse"; in a container start it with "--device /dev/fuse --cap-add SYS_ADMIN"',
      { cause }
    )
  }
}

/** mount(8) without a helper; the device is its descriptor 3. */
async function mountCommand(options: AttachOptions, device: number): Promise<void> {
  const { mountPoint, name } = options
  const settings = [
    'fd=3,rootmode=40000,user_id=0,group_id=0,default_permissions,nosuid,nodev',
    ...(options.allowOther ? ['allow_other'] : []),
    ...(options.readOnly ? ['ro'] : [])
  ].join(',')
  const args = ['-i', '-t', `fuse.${subtype}`, '-o', settings, '--', name, mountPoint]
  const child = spawn('mount', args, { stdio: ['ignore', 'ignore', 'pipe', device] })
  const stderr = child.stderr!.setEncoding('utf8').toArray()
  const [status] = await once(child, 'close').catch(cause => {
    throw new CairnError('unsupported', 'mount(8) is missing: install the package "mount"', {
      cause
    })
  })
  if (status === 0) return
  throw new CairnError(
    'unsupported',
    `mounting ${mountPoint} was refused (${(await stderr).join('').trim()}): in a container ` +
      'start it with "--device /dev/fuse --cap-add SYS_ADMIN"'
  )
}
