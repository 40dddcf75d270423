import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rmdir,
  stat,
  symlink,
  truncate,
  unlink,
  utimes,
  writeFile
} from 'node:fs/promises'
import { until } from '../fuse/mounted.ts'
import { type At, type ResultCase, withFile } from './suite.ts'

const permissions = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8)
const linksOf = async (path: string) => (await lstat(path)).nlink
const longest = 'n'.repeat(255)

type Row = [call: string, expected: unknown, run: (at: At) => Promise<unknown>]

async function modeAfterChown(at: At, mode: number): Promise<string> {
  await writeFile(at('owned'), '')
  await chmod(at('owned'), mode)
  await chown(at('owned'), 1, 1)
  const found = await permissions(at('owned'))
  await unlink(at('owned'))
  return found
}

const rows: Row[] = [
  ['chown takes set-user-ID', '755', at => modeAfterChown(at, 0o4755)],
  ['chown takes set-group-ID of a program', '755', at => modeAfterChown(at, 0o2755)],
  ['chown keeps plain modes', '640', at => modeAfterChown(at, 0o640)],
  [
    'chmod keeps every bit, sticky included',
    '7777',
    async at => {
      await chmod(at('empty'), 0o7777)
      const found = await permissions(at('empty'))
      await chmod(at('empty'), 0o755)
      return found
    }
  ],
  [
    'link counts: made, linked, unlinked',
    [1, 2, 2, 1],
    async at => {
      await writeFile(at('one'), '')
      const counts = [await linksOf(at('one'))]
      await link(at('one'), at('two'))
      counts.push(await linksOf(at('one')), await linksOf(at('two')))
      await unlink(at('one'))
      counts.push(await linksOf(at('two')))
      await unlink(at('two'))
      return counts
    }
  ],
  [
    'link counts of a folder: its subfolders',
    [2, 3, 2],
    async at => {
      await mkdir(at('counted'))
      const counts = [await linksOf(at('counted'))]
      await mkdir(at('counted/sub'))
      counts.push(await linksOf(at('counted')))
      await rmdir(at('counted/sub'))
      counts.push(await linksOf(at('counted')))
      await rmdir(at('counted'))
      return counts
    }
  ],
  [
    'a rename between two names of one file keeps both',
    [2, 2],
    async at => {
      await writeFile(at('one'), '')
      await link(at('one'), at('two'))
      await rename(at('one'), at('two'))
      const counts = [await linksOf(at('one')), await linksOf(at('two'))]
      await unlink(at('one'))
      await unlink(at('two'))
      return counts
    }
  ],
  [
    'a hole reads as zeros',
    Buffer.concat([Buffer.alloc(5000), Buffer.from('end')]),
    async at => {
      await withFile(at('sparse'), 'w', file => file.write('end', 5000))
      const bytes = await readFile(at('sparse'))
      await unlink(at('sparse'))
      return bytes
    }
  ],
  [
    'a file larger than 4 GiB',
    [2 ** 33 + 3, 'end'],
    async at => {
      await withFile(at('huge'), 'w', file => file.write('end', 2 ** 33))
      const found = await withFile(at('huge'), 'r', async file => {
        const { buffer } = await file.read(Buffer.alloc(3), 0, 3, 2 ** 33)
        return [(await file.stat()).size, buffer.toString()]
      })
      await unlink(at('huge'))
      return found
    }
  ],
  [
    'what truncate cut off comes back as zeros',
    'ab\0\0',
    async at => {
      await writeFile(at('cut'), 'abcd')
      await truncate(at('cut'), 2)
      await truncate(at('cut'), 4)
      const found = await readFile(at('cut'), 'latin1')
      await unlink(at('cut'))
      return found
    }
  ],
  [
    'O_APPEND writes at the end, wherever others wrote',
    'onetwothree',
    async at => {
      await writeFile(at('log'), 'one')
      await withFile(at('log'), 'a', async first => {
        await withFile(at('log'), 'a', second => second.writeFile('two'))
        await first.writeFile('three')
      })
      const found = await readFile(at('log'), 'utf8')
      await unlink(at('log'))
      return found
    }
  ],
  [
    'an unlinked file is read and written while open',
    [0, 'more'],
    async at =>
      withFile(at('gone'), 'wx+', async file => {
        await unlink(at('gone'))
        await file.write('more', 0)
        const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0)
        return [(await file.stat()).nlink, buffer.toString()]
      })
  ],
  [
    'times that are set are the times that show',
    [1000.5, 2000.25],
    async at => {
      await writeFile(at('timed'), 'x')
      await utimes(at('timed'), 1000.5, 2000.25)
      const { atimeMs, mtimeMs } = await stat(at('timed'))
      await unlink(at('timed'))
      return [atimeMs / 1000, mtimeMs / 1000]
    }
  ],
  [
    'a name of 255 bytes, and its listing',
    [true, longest],
    async at => {
      await mkdir(at('names'))
      await writeFile(at(`names/${longest}`), '')
      const [name] = await readdir(at('names'))
      const isFile = (await stat(at(`names/${longest}`))).isFile()
      await unlink(at(`names/${longest}`))
      await rmdir(at('names'))
      return [isFile, name]
    }
  ],
  [
    'a symlink: its size is that of its target',
    [9, 'some/path'],
    async at => {
      await symlink('some/path', at('pointer'))
      const found = [(await lstat(at('pointer'))).size, await readlink(at('pointer'))]
      await unlink(at('pointer'))
      return found
    }
  ],
  [
    'rename replaces a file, and its holder keeps it',
    ['new', 'old'],
    async at => {
      await writeFile(at('a'), 'new')
      await writeFile(at('b'), 'old')
      return withFile(at('b'), 'r', async held => {
        await rename(at('a'), at('b'))
        const found = [await readFile(at('b'), 'utf8'), await held.readFile('utf8')]
        await unlink(at('b'))
        return found
      })
    }
  ],
  [
    'nothing of all that remains',
    true,
    async at => {
      const left = await readdir(at(''))
      return left.sort().join() === 'dangling,empty,file,full,link,loop,other,tofolder'
    }
  ]
]

/** Whether mtime and ctime of a path move, by a call on a state a day old. */
async function moved(at: At, path: string, run: () => Promise<unknown>): Promise<string> {
  await utimes(at(path), 1000, 1000)
  const before = await stat(at(path), { bigint: true })
  await until(async () => Date.now() > Number(before.ctimeMs) + 20)
  await run()
  const after = await stat(at(path), { bigint: true })
  const mtime = after.mtimeNs !== before.mtimeNs ? 'mtime' : ''
  return `${mtime} ${after.ctimeNs !== before.ctimeNs ? 'ctime' : ''}`.trim()
}

/** A call on a folder or file, and which of its times it moves. */
const times: ReadonlyArray<
  [call: string, path: string, expected: string, run: (at: At) => Promise<unknown>]
> = [
  ['chmod', 'file', 'ctime', at => chmod(at('file'), 0o600)],
  ['chown', 'file', 'ctime', at => chown(at('file'), 0, 0)],
  ['write', 'file', 'mtime ctime', at => writeFile(at('file'), 'file')],
  ['truncate', 'file', 'mtime ctime', at => truncate(at('file'), 9)],
  ['read', 'file', '', at => readFile(at('file'))],
  ['link', 'file', 'ctime', at => link(at('file'), at('timed'))],
  ['unlink of another name', 'file', 'ctime', at => unlink(at('timed'))],
  ['create in a folder', 'empty', 'mtime ctime', at => writeFile(at('empty/x'), '')],
  ['write below a folder', 'empty', '', at => writeFile(at('empty/x'), 'x')],
  ['rename in a folder', 'empty', 'mtime ctime', at => rename(at('empty/x'), at('empty/y'))],
  ['unlink in a folder', 'empty', 'mtime ctime', at => unlink(at('empty/y'))],
  ['mkdir in a folder', 'empty', 'mtime ctime', at => mkdir(at('empty/d'))],
  ['rmdir in a folder', 'empty', 'mtime ctime', at => rmdir(at('empty/d'))],
  ['symlink in a folder', 'empty', 'mtime ctime', at => symlink('x', at('empty/s'))],
  ['unlink of a symlink', 'empty', 'mtime ctime', at => unlink(at('empty/s'))],
  ['mkdir over a name, which fails', 'full', '', at => mkdir(at('full/below')).catch(() => {})]
]

const timeRows = times.map(
  ([call, path, expected, run]): Row => [
    `${call}: moves ${expected === '' ? 'no time' : expected}`,
    expected,
    at => moved(at, path, () => run(at))
  ]
)

export const resultCases: readonly ResultCase[] = [...timeRows, ...rows].map(
  ([call, expected, run]) => ({
    call,
    expected,
    run
  })
)
