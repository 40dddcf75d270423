import { spawnSync } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { abortConnection, abortMount, detachNow, detachPolitely } from './detach.ts'
import type { Control } from './seat.ts'
import type { Threads } from './threads.ts'

/** Between two polite tries to unmount what is in use. */
const retryMs = 50
/** Threads that were cut off end at once; one that computes still is not waited for longer. */
const threadsMs = 5000
const wakeMs = 200
/** Once the kernel ended a mount, nobody waits on it this long. */
const endMs = 1000

/** Unmounts politely; false if users hold it to the end of the grace. */
export async function unmountWithin(mountPoint: string, graceMs: number): Promise<boolean> {
  const deadline = performance.now() + graceMs
  for (;;) {
    if (await detachPolitely(mountPoint)) return true
    if (performance.now() >= deadline) return false
    await delay(retryMs)
  }
}

/**
 * Ends the threads of a mount in use: root aborts the connection. Others cannot, so each thread is
 * told to leave and is woken by a STATFS, which the kernel never answers by itself. The mount stays.
 */
export async function cutOff(
  mountPoint: string,
  control: Control,
  threads: Threads
): Promise<void> {
  control.leaving = true
  if (process.getuid?.() === 0) await abortMount(mountPoint)
  else await wakeAll(mountPoint, threads)
}

async function wakeAll(mountPoint: string, threads: Threads): Promise<void> {
  const deadline = performance.now() + threadsMs
  while (threads.live > 0 && performance.now() < deadline) {
    statfs(mountPoint).catch(() => {})
    await Promise.race([threads.ended, delay(wakeMs)])
  }
}

/**
 * A mount that went from here lives on where another mount namespace has it too, a container's for one:
 * then nothing ends the reads of its threads, and its connection is cut. `device`: its `major:minor`.
 */
export async function endElsewhere(device: string, reads: Promise<unknown>): Promise<void> {
  const over = await Promise.race([reads.then(() => true), delay(endMs, false, { ref: false })])
  if (!over) await abortConnection(device)
}

/** Resolves to whether all threads ended in time. */
export function threadsEnd(threads: Threads): Promise<boolean> {
  return Promise.race([threads.ended.then(() => true), delay(threadsMs, false, { ref: false })])
}

/**
 * For `process.on('exit')`: a process cannot end while a thread blocks in `read`, so even one that
 * dies of an unexpected error must end its mounts first. When nothing helps it kills itself, which
 * always works; whoever watches then unmounts.
 */
export function endMountNow(mountPoint: string, control: Control): void {
  control.leaving = true
  if (process.getuid?.() !== 0) {
    for (let threads = control.serving; threads > 0; threads--) {
      spawnSync('stat', ['-f', '--', mountPoint], { timeout: wakeMs, stdio: 'ignore' })
    }
  }
  detachNow(mountPoint)
  const deadline = performance.now() + threadsMs
  while (control.waiting > 0 && performance.now() < deadline) control.sleep(retryMs)
  if (control.waiting > 0) process.kill(process.pid, 'SIGKILL')
}
