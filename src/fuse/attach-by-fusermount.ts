import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { CairnError } from '../base/errors.ts'
import { type AttachOptions, subtype } from './attach.ts'
import { openSocketPair, receiveDescriptor } from './receive-descriptor.ts'

/**
 * Mounts without privileges: the set-user-ID program fusermount3 opens the device, mounts, and sends
 * the descriptor over a socket.
 * https://github.com/libfuse/libfuse/blob/master/doc/fusermount3.1
 */
export async function attachByFusermount(options: AttachOptions): Promise<number> {
  const [ours, theirs] = await openSocketPair()
  try {
    const child = startFusermount(options, theirs)
    closeSync(theirs)
    const failure = failureOf(child)
    const device = await receiveDescriptor(ours)
    if (device === undefined) throw await failure
    return device
  } finally {
    closeSync(ours)
  }
}

function startFusermount(options: AttachOptions, socket: number): ChildProcess {
  const settings = [
    `fsname=${escapeOption(options.name)},subtype=${subtype},default_permissions,nosuid,nodev`,
    ...(options.allowOther ? ['allow_other'] : []),
    ...(options.readOnly ? ['ro'] : [])
  ].join(',')
  return spawn('fusermount3', ['-o', settings, '--', options.mountPoint], {
    stdio: ['ignore', 'ignore', 'pipe', socket],
    env: { PATH: '/usr/bin:/bin', _FUSE_COMMFD: '3' }
  })
}

/** Commas end an option unless escaped. */
function escapeOption(text: string): string {
  return text.replace(/[\\,]/g, '\\$&')
}

/** What to tell if it ends, or cannot be started, before it sent a descriptor. */
async function failureOf(child: ChildProcess): Promise<CairnError> {
  const { promise, resolve } = Promise.withResolvers<CairnError>()
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  child.on('error', cause => {
    resolve(new CairnError('unsupported', absent, { cause }))
  })
  child.on('close', () => resolve(new CairnError('unsupported', explain(stderr.trim()))))
  return promise
}

const absent =
  'mounting without root needs fusermount3: install the package "fuse3", then start again'

function explain(stderr: string): string {
  return `fusermount3 refused (${stderr || 'no reason given'}): ${advise(stderr)}`
}

function advise(stderr: string): string {
  if (stderr.includes('user_allow_other')) {
    return 'let root write "user_allow_other" into /etc/fuse.conf, or mount for yourself alone'
  }
  if (!stderr.includes('/dev/fuse')) {
    return 'see that you own the mount point and that the package "fuse3" is whole'
  }
  return stderr.includes('ermission')
    ? 'let root allow it with "chmod 666 /dev/fuse", as udev does where it runs'
    : 'load the kernel module with "modprobe fuse"; in a container start it with "--device /dev/fuse"'
}
