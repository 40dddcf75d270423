import { type Mapping, open, type Posix, type Stat, type Target } from '../posix.ts'

/** One process that runs commands: its descriptors by name, and what it remembered. */
export interface Session {
  readonly posix: Posix
  readonly descriptors: Map<string, number>
  readonly mappings: Map<string, Mapping>
  readonly stamps: Map<string, Stat>
  /** Names a listing under way has shown. */
  readonly listed: Map<string, ReadonlySet<string>>
  /** The name of the descriptor the command under way makes. */
  register: string | undefined
}

/** Runs with its arguments; what it returns is the result, `ok` if that is nothing. */
export type Call = (session: Session, ...args: string[]) => unknown

export function openSession(posix: Posix): Session {
  posix.umask(0)
  return {
    posix,
    descriptors: new Map(),
    mappings: new Map(),
    stamps: new Map(),
    listed: new Map(),
    register: undefined
  }
}

/** A new descriptor, under the name the command gives it; without one it is closed at once. */
export function keep(session: Session, descriptor: number): void {
  if (session.register === undefined) session.posix.close(descriptor)
  else session.descriptors.set(session.register, descriptor)
}

export function descriptorOf({ descriptors }: Session, name: string): number {
  return descriptors.get(name) ?? -1
}

export function followed(path: string): Target {
  return { path, follow: true }
}

export function itself(path: string): Target {
  return { path, follow: false }
}

/** `O_RDWR|O_CREAT` as its number. */
export function flagsOf(text: string, names: Readonly<Record<string, number>> = open): number {
  return text.split('|').reduce((flags, name) => {
    const flag = names[name]
    if (flag === undefined) throw new Error(`no such flag: ${name}`)
    return flags | flag
  }, 0)
}

export function modeOf(text = '0'): number {
  return Number.parseInt(text, 8)
}
