import type { Posix } from '../posix.ts'
import { type Call, itself } from './session.ts'

/** Long ago, and so that a relatime mount moves atime at the first read. */
const past = { seconds: 1_000_000, nanoseconds: 0 } as const
const probe = '.probe'

/** Which times a call moves: `mark` the paths, call, and ask what `moved`. */
export const timeCalls: Readonly<Record<string, Call>> = {
  mark: ({ posix, stamps }, ...paths) => {
    for (const path of paths) posix.setTimes(itself(path), past, past)
    for (const path of paths) stamps.set(path, posix.stat(itself(path)))
    awaitTick(posix, Math.max(...[...stamps.values()].map(stat => Number(stat.ctime))))
    // Making the probe moved the times of the folder it is in.
    for (const path of paths.filter(path => path === '.')) {
      posix.setTimes(itself(path), past, past)
      stamps.set(path, posix.stat(itself(path)))
      awaitTick(posix, Number(stamps.get(path)?.ctime))
    }
  },
  /** Of atime, mtime and ctime the initials of those that moved since `mark`, or `none`. */
  moved: ({ posix, stamps }, path = '', as = path) => {
    const before = stamps.get(as)
    if (before === undefined) return 'not marked'
    const after = posix.stat(itself(path))
    const letters = (['atime', 'mtime', 'ctime'] as const).map(time =>
      before[time] === after[time] ? '' : time[0]
    )
    return letters.join('') || 'none'
  }
}

/** Waits until the file system's clock is past a moment: kernels stamp with a clock of ticks. */
function awaitTick(posix: Posix, seconds: number): void {
  try {
    posix.makeNode(probe, 0o100600, 0)
  } catch {
    // It is there since the last time.
  }
  do posix.setTimes(itself(probe), 'now', 'now')
  while (Number(posix.stat(itself(probe)).ctime) <= seconds)
}
