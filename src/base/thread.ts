import { setPriority } from 'node:os'

/**
 * The URL of a module that runs as a worker thread, beside the caller: `.ts` when the sources run
 * as they are, `.js` when they were built.
 */
export function threadUrl(name: string, callerUrl: string): URL {
  return new URL(`${name}${callerUrl.endsWith('.ts') ? '.ts' : '.js'}`, callerUrl)
}

/** Of nice(2): others are served first, yet a machine without other work is used whole. */
const backgroundNiceness = 10

/** For a worker thread with work that nobody waits for. On Linux a priority is a thread's own: https://man7.org/linux/man-pages/man2/setpriority.2.html */
export function yieldToOthers(): void {
  setPriority(0, backgroundNiceness)
}
