import { encode } from '../language.ts'
import { type Entry, Errno, type Posix } from '../posix.ts'
import { type Call, descriptorOf, type Session } from './session.ts'

const pageBytes = 8192
const fromStart = 0

/** Calls on the entries of a folder, which show in pages while the folder changes. */
export const listingCalls: Readonly<Record<string, Call>> = {
  /** Every name, sorted, `.` and `..` too. */
  entries: (session, name = '') => joined([...pages(session, name, pageBytes)].flat()),
  /** How many entries there are, and how many names, in pages of that many bytes. */
  pages: (session, name = '', room = '') => {
    const names = [...pages(session, name, Number(room))].flat().map(entry => entry.name)
    return `${names.length} ${new Set(names).size}`
  },
  /** Removes what begins with a prefix as it is listed; how many there were. */
  removeListed: (session, name = '', room = '', prefix = '') =>
    forEachListed(session, name, Number(room), prefix, (posix, entry) => posix.unlink(entry)),
  /** Renames what begins with a prefix to another one as it is listed. */
  renameListed: (session, name = '', room = '', prefix = '', other = '') =>
    forEachListed(session, name, Number(room), prefix, (posix, entry) =>
      posix.rename(entry, `${other}${entry.slice(prefix.length)}`, 0)
    ),
  /** Reads one page. */
  readSome: (session, name = '', room = '') => {
    const descriptor = descriptorOf(session, name)
    const some = session.posix.entries(descriptor, Number(room))
    session.listed.set(name, new Set(some.map(entry => entry.name)))
  },
  /** Reads on; of the names with a prefix, how many were listed once and how many more than once. */
  rest: (session, name = '', prefix = '') => {
    const listed = [...(session.listed.get(name) ?? [])]
    const rest = [...pages(session, name, pageBytes)].flat().map(entry => entry.name)
    const names = [...listed, ...rest].filter(entry => entry.startsWith(prefix))
    return `${new Set(names).size} ${names.length - new Set(names).size}`
  },
  /** Seeks behind each entry: the one that follows is the one that followed. */
  seekEach: (session, name = '') => {
    const { posix } = session
    const descriptor = descriptorOf(session, name)
    posix.seek(descriptor, fromStart, 0)
    const all = [...pages(session, name, pageBytes)].flat()
    const wrong = all.slice(0, -1).filter((entry, index) => {
      posix.seek(descriptor, entry.next, 0)
      return posix.entries(descriptor, pageBytes)[0]?.name !== all[index + 1]?.name
    })
    return wrong.length === 0 ? 'ok' : joined(wrong)
  },
  types: (session, name = '') =>
    [...pages(session, name, pageBytes)]
      .flat()
      .filter(entry => !isDots(entry))
      .map(entry => `${entry.name}:${entry.type}`)
      .sort()
      .join(' ') || 'nothing'
}

/** Removed folders, too little room and what is no folder fail as the call does. */
function* pages({ posix, descriptors }: Session, name: string, room: number): Iterable<Entry[]> {
  const descriptor = descriptors.get(name)
  if (descriptor === undefined) throw new Errno('EBADF')
  for (;;) {
    const some = posix.entries(descriptor, room)
    if (some.length === 0) return
    yield some
  }
}

function forEachListed(
  session: Session,
  name: string,
  room: number,
  prefix: string,
  change: (posix: Posix, entry: string) => void
): number {
  let changed = 0
  for (const page of pages(session, name, room)) {
    for (const entry of page.filter(entry => entry.name.startsWith(prefix))) {
      change(session.posix, entry.name)
      changed++
    }
  }
  return changed
}

function isDots({ name }: Entry): boolean {
  return name === '.' || name === '..'
}

function joined(entries: readonly Entry[]): string {
  const names = entries.map(entry => encode(entry.name))
  return names.length === 0 ? 'nothing' : names.sort().join(' ')
}
