import type { Command } from '../language.ts'
import { Errno, users } from '../posix.ts'
import { attributeCalls } from './attributes.ts'
import { fileCalls } from './files.ts'
import { kernelCalls } from './kernel.ts'
import { listingCalls } from './listing.ts'
import { nameCalls } from './names.ts'
import type { Call, Session } from './session.ts'
import { timeCalls } from './times.ts'

const calls: Readonly<Record<string, Call>> = {
  ...fileCalls,
  ...nameCalls,
  ...attributeCalls,
  ...timeCalls,
  ...kernelCalls,
  ...listingCalls
}

/** The result of a command in words: a value, `ok`, or the name of the errno. */
export function runCommand(session: Session, { user, register, call, args }: Command): string {
  const run = calls[call]
  const who = users[user]
  if (run === undefined || who === undefined) return `no such call: @${user} ${call}`
  session.register = register
  try {
    session.posix.become(who)
    return String(run(session, ...args) ?? 'ok')
  } catch (cause) {
    return cause instanceof Errno ? cause.name : `${call} failed: ${String(cause)}`
  }
}

/** Whether a result is the name of an errno. */
export function isFailure(result: string): boolean {
  return /^E[A-Z0-9]+$/.test(result)
}

/** Nothing stays open, nor anybody but root. */
export function endSession({ posix, descriptors, mappings, stamps, listed }: Session): void {
  posix.become(users.root!)
  posix.umask(0)
  for (const mapping of mappings.values()) mapping.unmap()
  for (const descriptor of descriptors.values()) posix.close(descriptor)
  for (const map of [descriptors, mappings, stamps, listed]) map.clear()
}
