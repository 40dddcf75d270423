import { stat, statfs } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import type { Examined, Finding } from './finding.ts'

const lowBytes = 1024 ** 3

/** The home holds what people wrote: it is theirs alone. */
export async function checkHome({ settings }: Examined): Promise<Finding> {
  const { home } = settings
  const found = await stat(home).catch((error: NodeJS.ErrnoException) => error)
  if (found instanceof Error) {
    return found.code === 'ENOENT'
      ? { check: 'home', verdict: 'ok', found: `${home} is made at the first start` }
      : { check: 'home', verdict: 'fail', found: found.message, advice: 'choose another --home' }
  }
  if (!found.isDirectory()) {
    return { check: 'home', verdict: 'fail', found: `${home} is no folder`, advice: 'move it away' }
  }
  const me = process.getuid?.()
  if (me !== undefined && found.uid !== me) {
    return {
      check: 'home',
      verdict: 'fail',
      found: `${home} belongs to user ${found.uid}, not to you (${me})`,
      advice: 'use a home of your own, or give it to this user with chown -R'
    }
  }
  if ((found.mode & 0o077) !== 0) {
    return {
      check: 'home',
      verdict: 'warn',
      found: `${home} is open to other users`,
      advice: `chmod 700 ${home}`
    }
  }
  return { check: 'home', verdict: 'ok', found: home }
}

export async function checkSpace({ settings }: Examined): Promise<Finding> {
  const folder = await nearestFolder(settings.home)
  const { bavail, bsize } = await statfs(folder)
  const gibibytes = ((bavail * bsize) / 1024 ** 3).toFixed(1)
  const found = `${gibibytes} GiB free at ${folder}`
  return bavail * bsize >= lowBytes
    ? { check: 'disk space', verdict: 'ok', found }
    : { check: 'disk space', verdict: 'warn', found, advice: 'make room: a full disk stops writes' }
}

async function nearestFolder(path: string): Promise<string> {
  for (let at = path; at !== '/'; at = at.slice(0, Math.max(1, at.lastIndexOf('/')))) {
    if (
      await stat(at).then(
        () => true,
        () => false
      )
    )
      return at
  }
  return '/'
}

/** SQLite's own quick look: pages and order, not every index. https://sqlite.org/pragma.html#pragma_quick_check */
export async function checkDatabase({ paths }: Examined): Promise<Finding> {
  if (
    await stat(paths.database).then(
      () => false,
      () => true
    )
  ) {
    return { check: 'database', verdict: 'ok', found: 'none yet' }
  }
  const database = new DatabaseSync(paths.database, { readOnly: true })
  try {
    const row = database.prepare('PRAGMA quick_check(1)').get()
    const verdict = String(row?.quick_check)
    return verdict === 'ok'
      ? { check: 'database', verdict: 'ok', found: 'whole' }
      : {
          check: 'database',
          verdict: 'fail',
          found: verdict,
          advice: 'stop the daemon, keep a copy of the home, and run `cairn fsck --rebuild-index`'
        }
  } finally {
    database.close()
  }
}
