import {
  chmod,
  chown,
  link,
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
  utimes
} from 'node:fs/promises'
import { type At, type ErrorCase, withFile } from './suite.ts'

const wide = 'n'.repeat(256)

/** The folder every case finds: none of the calls below changes it, those that succeed undo themselves. */
export async function prepare(at: At): Promise<void> {
  for (const folder of ['empty', 'full', 'full/below']) await mkdir(at(folder))
  for (const file of ['file', 'other', 'full/below/deep']) {
    await withFile(at(file), 'w', handle => handle.writeFile(file))
  }
  for (const [target, name] of [
    ['file', 'link'],
    ['none', 'dangling'],
    ['loop', 'loop'],
    ['empty', 'tofolder']
  ] as const) {
    await symlink(target, at(name))
  }
}

/** Calls of one path, and what each answers for a path that is wrong in the way named. */
const ofOnePath: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  stat,
  open: path => withFile(path, 'r', file => file.stat()),
  'open to create': path => withFile(path, 'wx', file => file.stat()),
  mkdir: path => mkdir(path),
  rmdir,
  unlink,
  readlink,
  readdir,
  truncate: path => truncate(path, 1),
  chmod: path => chmod(path, 0o644),
  chown: path => chown(path, 0, 0),
  utimes: path => utimes(path, 1, 1),
  symlink: path => symlink('x', path)
}

const wrongPaths: ReadonlyArray<[title: string, path: string, errno: string]> = [
  ['below a file', 'file/x', 'ENOTDIR'],
  ['below a file, further', 'file/x/y', 'ENOTDIR'],
  ['below nothing', 'none/x', 'ENOENT'],
  ['below a dangling link', 'dangling/x', 'ENOENT'],
  ['below a link that is its own target', 'loop/x', 'ELOOP'],
  ['below a link to a file', 'link/x', 'ENOTDIR'],
  ['with a name of 256 bytes', wide, 'ENAMETOOLONG'],
  ['below a name of 256 bytes', `${wide}/x`, 'ENAMETOOLONG'],
  ['with a name of 256 bytes below a file', `file/${wide}`, 'ENOTDIR'],
  ['of 4,096 bytes and more', 'empty/../'.repeat(500), 'ENAMETOOLONG']
]

const crossed: ErrorCase[] = Object.entries(ofOnePath).flatMap(([call, run]) =>
  wrongPaths.map(([title, path, expected]) => ({
    call: `${call} ${title}`,
    expected,
    run: (at: At) => run(`${at('')}/${path}`)
  }))
)

type Row = [call: string, expected: string, run: (at: At) => Promise<unknown>]

const rows: Row[] = [
  ['open O_EXCL of a file', 'EEXIST', at => ofOnePath['open to create']!(at('file'))],
  ['open O_EXCL of a dangling link', 'EEXIST', at => ofOnePath['open to create']!(at('dangling'))],
  ['open O_EXCL of a folder', 'EEXIST', at => ofOnePath['open to create']!(at('empty'))],
  ['open a folder to write', 'EISDIR', at => withFile(at('empty'), 'r+', file => file.stat())],
  ['open its own target', 'ELOOP', at => readFile(at('loop'))],
  ['read a folder', 'EISDIR', at => readFile(at('empty'))],
  ['open nothing', 'ENOENT', at => readFile(at('none'))],
  ['mkdir over a file', 'EEXIST', at => mkdir(at('file'))],
  ['mkdir over a folder', 'EEXIST', at => mkdir(at('empty'))],
  ['mkdir over a dangling link', 'EEXIST', at => mkdir(at('dangling'))],
  ['rmdir of a file', 'ENOTDIR', at => rmdir(at('file'))],
  ['rmdir of a link to a folder', 'ENOTDIR', at => rmdir(at('tofolder'))],
  ['rmdir of a full folder', 'ENOTEMPTY', at => rmdir(at('full'))],
  ['rmdir of nothing', 'ENOENT', at => rmdir(at('none'))],
  ['rmdir of dot', 'EINVAL', at => rmdir(`${at('empty')}/.`)],
  ['rmdir of dot-dot', 'ENOTEMPTY', at => rmdir(`${at('empty')}/..`)],
  ['unlink of a folder', 'EISDIR', at => unlink(at('empty'))],
  ['unlink of nothing', 'ENOENT', at => unlink(at('none'))],
  ['unlink of a file with a slash', 'ENOTDIR', at => unlink(`${at('file')}/`)],
  ['readlink of a file', 'EINVAL', at => readlink(at('file'))],
  ['readlink of a folder', 'EINVAL', at => readlink(at('empty'))],
  ['readdir of a file', 'ENOTDIR', at => readdir(at('file'))],
  ['link over a name', 'EEXIST', at => link(at('file'), at('other'))],
  ['link over a dangling link', 'EEXIST', at => link(at('file'), at('dangling'))],
  ['link of a folder', 'EPERM', at => link(at('empty'), at('x'))],
  ['link of nothing', 'ENOENT', at => link(at('none'), at('x'))],
  ['link below a file', 'ENOTDIR', at => link(at('file'), at('other/x'))],
  ['link to a name too long', 'ENAMETOOLONG', at => link(at('file'), at(wide))],
  ['symlink over a file', 'EEXIST', at => symlink('x', at('file'))],
  ['symlink with an empty target', 'ENOENT', at => symlink('', at('x'))],
  ['symlink with a target too long', 'ENAMETOOLONG', at => symlink('t'.repeat(4096), at('x'))],
  ['truncate of a folder', 'EISDIR', at => truncate(at('empty'), 0)],
  ['truncate of nothing', 'ENOENT', at => truncate(at('none'), 0)],
  ['stat of a file with a slash', 'ENOTDIR', at => stat(`${at('file')}/`)],
  ['rename of nothing', 'ENOENT', at => rename(at('none'), at('x'))],
  ['rename of a file over a folder', 'EISDIR', at => rename(at('file'), at('empty'))],
  ['rename of a folder over a file', 'ENOTDIR', at => rename(at('empty'), at('file'))],
  ['rename of a folder over a full one', 'ENOTEMPTY', at => rename(at('empty'), at('full'))],
  ['rename of a folder below itself', 'EINVAL', at => rename(at('full'), at('full/below/x'))],
  ['rename over the folder above', 'ENOTEMPTY', at => rename(at('full/below'), at('full'))],
  ['rename below a file', 'ENOTDIR', at => rename(at('file'), at('other/x'))],
  ['rename to a name too long', 'ENAMETOOLONG', at => rename(at('file'), at(wide))],
  ['rename of dot', 'EBUSY', at => rename(`${at('empty')}/.`, at('x'))],
  ['rename of a file to itself', 'ok', at => rename(at('file'), at('file'))]
]

export const errorCases: readonly ErrorCase[] = [
  ...crossed,
  ...rows.map(([call, expected, run]) => ({ call, expected, run }))
]
