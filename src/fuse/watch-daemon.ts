import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { detachCommand } from './detach.ts'

/** Waits for a line or, when the daemon is gone, for the end of its input; then unmounts. */
const script = `trap "" INT TERM HUP
read -r word
[ "$word" = done ] || exec "$@"`

/**
 * Starts a small process that unmounts when this one is killed; a mount whose server is gone
 * answers ENOTCONN to everybody until then. Returns what dismisses it. (The `auto_unmount` of
 * fusermount3 3.14 gives up with EACCES unless the mount is open to other users.)
 */
export function watchDaemon(mountPoint: string): () => void {
  const [command, args] = detachCommand(mountPoint, 'lazy')
  const child = spawn('sh', ['-c', script, 'cairn-unmount', command, ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true
  })
  child.on('error', () => {})
  child.stdin.on('error', () => {})
  child.unref()
  const stdin = child.stdin as unknown as Socket
  stdin.unref()
  return () => stdin.end('done\n')
}
