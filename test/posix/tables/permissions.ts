import { parseLines } from '../language.ts'
import type { Part, Table } from './table.ts'

/**
 * The rights a call needs, and of what: `r`, `w` and `x` of the folder or the file the table is
 * about; `owner` if no rights do but being the owner does, `owner|w` if either does, `-` if none is
 * needed. Which of the three triples of the mode counts is inode(7)'s and path_resolution(7)'s.
 */
const ofFolder = rows(`
  list folder                             r
  open folder O_RDONLY|O_DIRECTORY        r
  chdir folder                            x
  stat folder                             -
  lstat folder                            -
  statfs folder                           -
  listxattr folder                        -
  getxattr folder user.a                  r
  setxattr folder user.a y                w
  removexattr folder user.a               w
  access folder r                         r
  access folder w                         w
  access folder x                         x
  access folder rw                        rw
  access folder rx                        rx
  access folder wx                        wx
  access folder rwx                       rwx
  utimens folder now now                  owner|w
  utimens folder 1.0 2.0                  owner
  utimens folder omit now                 owner
  utimens folder omit omit                -
  chmod folder 0700                       owner
  stat folder/file                        x
  lstat folder/link                       x
  readlink folder/link                    x
  stat folder/.                           x
  stat folder/..                          x
  stat folder/sub/deep                    x
  stat folder/link                        x
  access folder/file rw                   x
  getxattr folder/file user.a             x
  setxattr folder/file user.a y           x
  removexattr folder/file user.a          x
  listxattr folder/file                   x
  open folder/file O_RDONLY               x
  open folder/file O_RDWR                 x
  open folder/file O_WRONLY|O_TRUNC       x
  open folder/file O_RDWR|O_CREAT         x
  truncate folder/file 0                  x
  utimens folder/file now now             x
  list folder/sub                         x
  chdir folder/sub                        x
  mkdir folder/sub/new                    x
  unlink folder/sub/deep                  x
  rename folder/sub/deep folder/sub/new   x
  open folder/new O_WRONLY|O_CREAT        wx
  open folder/new O_WRONLY|O_CREAT|O_EXCL  wx
  mkdir folder/new                        wx
  mkfifo folder/new                       wx
  mknod folder/new socket                 wx
  mknod folder/new regular                wx
  symlink target folder/new               wx
  link mine folder/new                    wx
  link folder/file new                    x
  unlink folder/file                      wx
  unlink folder/link                      wx
  rmdir folder/empty                      wx
  rename folder/file folder/new           wx
  rename folder/file folder/other         wx
  rename folder/file new                  wx
  rename mine folder/new                  wx
  rename mine folder/file                 wx
  rename folder/empty folder/new          wx
  rename folder/empty new                 wx
  noReplace folder/file folder/new        wx
  noReplace mine folder/new               wx
  exchange folder/file folder/other       wx
  exchange folder/file mine               wx
  exchange mine folder/file               wx
`)

const ofFile = rows(`
  open file O_RDONLY                      r
  open file O_WRONLY                      w
  open file O_RDWR                        rw
  open file O_RDONLY|O_TRUNC              rw
  open file O_WRONLY|O_TRUNC              w
  open file O_RDWR|O_TRUNC                rw
  open file O_WRONLY|O_APPEND             w
  open file O_RDONLY|O_CREAT              r
  open file O_WRONLY|O_CREAT              w
  open file O_WRONLY|O_CREAT|O_TRUNC      w
  open link O_RDONLY                      r
  open link O_RDWR                        rw
  get file                                r
  truncate file 0                         w
  truncate file 100                       w
  truncate link 0                         w
  access file r                           r
  access file w                           w
  access file x                           x
  access file rw                          rw
  access file rx                          rx
  access file wx                          wx
  access file rwx                         rwx
  access link r                           r
  getxattr file user.a                    r
  setxattr file user.a y                  w
  setxattr file user.b y                  w
  removexattr file user.a                 w
  listxattr file                          -
  stat file                               -
  utimens file now now                    owner|w
  utimens link now now                    owner|w
  utimens file 1.0 2.0                    owner
  utimens file now omit                   owner
  utimens file omit omit                  -
  chmod file 0600                         owner
  rename file new                         -
  unlink file                             -
  noReplace file new                      -
  exchange file mine                      -
`)

const folderSetup = (mode: string) => `
  mkdir folder
  put folder/file content 0666
  put folder/other content 0666
  setxattr folder/file user.a x
  symlink file folder/link
  mkdir folder/empty 0777
  mkdir folder/sub 0777
  put folder/sub/deep content 0666
  put mine content 0666
  setxattr folder user.a x
  chown folder 2001 2001
  chmod folder ${mode}
`

const fileSetup = (mode: string) => `
  put file content
  put mine content 0666
  symlink file link
  setxattr file user.a x
  chown file 2001 2001
  chmod file ${mode}
`

type Row = { readonly call: string; readonly needs: string }

function rows(text: string): Row[] {
  return text
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(line => {
      const [call = '', needs = ''] = line.trim().split(/ {2,}/)
      return { call, needs }
    })
}

/** Each user, and by how many bits his triple is shifted. */
const classes = { owner: 6, member: 3, supplementary: 3, stranger: 0 } as const
type Class = keyof typeof classes

/** The rights in the user's own triple, and in the two others all that he does not have there. */
function modeFor(who: Class, bits: number): string {
  const others = 7 & ~bits
  const triples = [6, 3, 0].map(shift => (shift === classes[who] ? bits : others) << shift)
  return triples
    .reduce((mode, triple) => mode | triple, 0)
    .toString(8)
    .padStart(4, '0')
}

function expectedFor(who: Class, bits: number, { call, needs }: Row): string {
  const has = (rights: string) =>
    [...rights].every(right => (bits & ({ r: 4, w: 2, x: 1 }[right] ?? 0)) !== 0)
  if (needs === '-') return results[call] ?? 'ok'
  if (needs === 'owner') return who === 'owner' ? 'ok' : 'EPERM'
  if (needs === 'owner|w') return who === 'owner' || has('w') ? 'ok' : 'EACCES'
  return has(needs) ? (results[call] ?? 'ok') : 'EACCES'
}

/** What those calls answer that answer more than `ok`. */
const results: Readonly<Record<string, string>> = {
  'list folder': 'empty file link other sub',
  'list folder/sub': 'deep',
  'statfs folder': 'sane',
  'readlink folder/link': 'file',
  'listxattr folder': 'user.a',
  'listxattr folder/file': 'user.a',
  'listxattr file': 'user.a',
  'getxattr folder user.a': 'x',
  'getxattr folder/file user.a': 'x',
  'getxattr file user.a': 'x',
  'get file': 'content'
}

function crossed(kind: string, calls: readonly Row[], setup: (mode: string) => string): Part[] {
  const users = Object.keys(classes) as Class[]
  return users.flatMap(who =>
    Array.from({ length: 8 }, (_, bits) => {
      const mode = modeFor(who, bits)
      const lines = calls.map(row => `@${who} ${row.call} -> ${expectedFor(who, bits, row)}`)
      return {
        title: `a ${kind} of mode ${mode}`,
        setup: parseLines(setup(mode)),
        lines: parseLines(lines.join('\n')),
        independent: true
      }
    })
  )
}

export const permissions: Table = {
  title: 'rights: each call, user and mode',
  without: [],
  parts: [...crossed('folder', ofFolder, folderSetup), ...crossed('file', ofFile, fileSetup)]
}
