import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { mountMfs } from '../fuse/mount-mfs.ts'
import { canMount, until } from '../fuse/mounted.ts'
import { parseLines } from './language.ts'
import { folderSubject, type Subject } from './subjects.ts'

/** One process after another, each in the folder of the test; the results of its lines. */
function acting(subject: Subject) {
  return (process: string, text: string) =>
    subject.run(process, {
      folder: 'waiting',
      setup: [],
      commands: parseLines(text).map(line => line.command),
      renew: false
    })
}

/** Until somebody waits for a lock on an inode: `->` in /proc/locks, proc_locks(5). */
function somebodyWaits(ino: string | undefined): Promise<void> {
  return until(async () => {
    const lines = (await readFile('/proc/locks', 'utf8')).split('\n')
    return lines.some(line => line.includes('->') && line.includes(`:${ino} `))
  })
}

async function lockSuite(t: Test, subject: Subject): Promise<void> {
  const act = acting(subject)
  const [, , ino] = await act('one', 'put file 0123456789\na=open file O_RDWR\nstat file ino')
  await act('other', 'a=open file O_RDWR')

  t.same(await act('one', 'flock a LOCK_EX'), ['ok'])
  const flocked = act('other', 'flock a LOCK_EX\nflock a LOCK_UN')
  await somebodyWaits(ino)
  await act('one', 'flock a LOCK_UN')
  t.same(await flocked, ['ok', 'ok'], 'who waited for flock gets it when it is let go')

  t.same(await act('one', 'lock a F_SETLK F_WRLCK 0 5'), ['ok'])
  const locked = act('other', 'lock a F_SETLKW F_WRLCK 3 5\nlock a F_SETLK F_UNLCK 0 0')
  await somebodyWaits(ino)
  await act('one', 'lock a F_SETLK F_UNLCK 0 0')
  t.same(await locked, ['ok', 'ok'], 'who waited for a range gets it when it is let go')

  t.same(await act('one', 'lock a F_SETLK F_WRLCK 0 1'), ['ok'])
  t.same(await act('other', 'lock a F_SETLK F_WRLCK 1 1'), ['ok'])
  const first = act('other', 'lock a F_SETLKW F_WRLCK 0 1')
  await somebodyWaits(ino)
  t.same(
    await act('one', 'lock a F_SETLKW F_WRLCK 1 1'),
    ['EDEADLK'],
    'two that would wait for each other do not'
  )
  await act('one', 'close a')
  t.same(await first, ['ok'], 'closing lets go')
}

t.test('locks that are waited for, on the disk', async t => {
  if (!canMount(t)) return
  await lockSuite(t, folderSubject(t, 'disk', t.testdir({})))
})

t.test('locks that are waited for, on a mount of /mfs', async t => {
  if (!canMount(t)) return
  const { path } = await mountMfs(t)
  const folder = join(path, 'suite')
  await mkdir(folder)
  await lockSuite(t, folderSubject(t, 'mount', folder))
})
