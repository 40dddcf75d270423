import type { FuseOptions } from './api.ts'
import { opcode } from './protocol.ts'

/** What a mount tells the log of a request that failed unexpectedly. */
export interface FaultFacts {
  readonly opcode: number
  readonly ino: number
  readonly code: string
  readonly message: string
  readonly stack: string | undefined
}

/** Different faults remembered; the next one empties the memory. */
const remembered = 256

/** Logs each kind of fault once: a program that tries again and again must not fill the disk. */
export function faultLog(mountPoint: string, log: FuseOptions['log']): (fault: FaultFacts) => void {
  const seen = new Set<string>()
  return fault => {
    const operation = operationName(fault.opcode)
    const kind = `${operation} ${fault.code} ${fault.message}`
    if (seen.has(kind)) return
    if (seen.size >= remembered) seen.clear()
    seen.add(kind)
    const { ino, code, message, stack } = fault
    log('a file system request failed', { mountPoint, operation, ino, code, message, stack })
  }
}

function operationName(code: number): string {
  return Object.entries(opcode).find(([, number]) => number === code)?.[0] ?? String(code)
}
