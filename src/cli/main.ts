import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

/**
 * The program. It imports nothing but what starts fast: each verb loads its own modules, and what
 * was compiled once is kept beside the build.
 */
if (import.meta.url.endsWith('.js')) {
  enableCompileCache(join(import.meta.dirname, '..', '..', '.compile-cache'))
}
const { runCommandLine } = await import('./run-command-line.ts')
process.exitCode = await runCommandLine(process)
