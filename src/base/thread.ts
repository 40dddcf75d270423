/**
 * The URL of a module that runs as a worker thread, beside the caller: `.ts` when the sources run
 * as they are, `.js` when they were built.
 */
export function threadUrl(name: string, callerUrl: string): URL {
  return new URL(`${name}${callerUrl.endsWith('.ts') ? '.ts' : '.js'}`, callerUrl)
}
