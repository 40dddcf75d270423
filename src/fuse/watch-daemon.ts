import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'

/** Waits for a line or, when the daemon is gone, for the end of its input; then unmounts. */
const script = `trap "" INT TERM HUP
read -r word
[ "$word" = done ] || exec umount -c -i -l -- "$1"`

/**
 * Starts a small process that unmounts when this one is killed; a mount whose server is gone
 * answers ENOTCONN to everybody until then. Returns what dismisses it.
 */
export function watchDaemon(mountPoint: string): () => void {
  const child = spawn('sh', ['-c', script, 'cairn-unmount', mountPoint], {
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
