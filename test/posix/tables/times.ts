import { parseLines } from '../language.ts'
import { type Part, sequences, type Table } from './table.ts'

/** What is there before a call: `F` and `D` stand for a file, and a folder with one. */
const common: Readonly<Record<string, string>> = {
  F: 'put file content',
  D: 'mkdir folder; put folder/file content'
}

/**
 * A call, what was there before, and which of atime, mtime and ctime it moved of each path, by their
 * initials; `new=old` is a path that was another when times were looked at first.
 */
const movedTimes = parts(`
  chmod file 0600                              F                                                       file:c
  chmod file 0644                              F                                                       file:c
  fchmod a 0600                                F; a=open file O_RDONLY                                 file:c
  chmod link 0600                              F; symlink file link                                    file:c
  @stranger chmod file 0600 -> EPERM           F                                                       file:none
  chown file 1 1                               F                                                       file:c
  chown file 0 0                               F                                                       file:c
  chown file -1 -1                             F                                                       file:c
  lchown link 1 1                              F; symlink file link                                    link:c file:none
  fchown a 1 1                                 F; a=open file O_RDONLY                                 file:c
  @stranger chown file 1 1 -> EPERM            F                                                       file:none
  utimens file 1.0 2.0                         F                                                       file:amc
  utimens file 1.0 omit                        F                                                       file:ac
  utimens file omit 1.0                        F                                                       file:mc
  utimens file omit omit                       F                                                       file:none
  utimens file now now                         F                                                       file:amc
  lutimens link 1.0 2.0                        F; symlink file link                                    link:amc file:none
  futimens a 1.0 2.0                           F; a=open file O_RDONLY                                 file:amc
  @stranger utimens file 1.0 1.0 -> EPERM      F                                                       file:none
  write a more                                 F; a=open file O_RDWR                                   file:mc .:none
  write a ''                                   F; a=open file O_RDWR                                   file:none
  pwrite a more 5000                           F; a=open file O_RDWR                                   file:mc
  write a more                                 F; a=open file O_WRONLY|O_APPEND                        file:mc
  truncate file 3                              F                                                       file:mc .:none
  truncate file 3000                           F                                                       file:mc
  truncate file 7                              F                                                       file:mc
  ftruncate a 3                                F; a=open file O_RDWR                                   file:mc
  ftruncate a 7                                F; a=open file O_RDWR                                   file:mc
  open file O_WRONLY|O_TRUNC                   F                                                       file:mc .:none
  open file O_WRONLY|O_TRUNC                   put file                                                file:mc
  open file O_RDONLY|O_TRUNC                   F                                                       file:mc
  open file O_WRONLY|O_CREAT                   F                                                       file:none .:none
  open file O_RDWR                             F                                                       file:none .:none
  open new O_WRONLY|O_CREAT                    umask 0                                                 .:mc
  open file O_WRONLY|O_CREAT|O_EXCL -> EEXIST  F                                                       file:none .:none
  close a                                      F; a=open file O_RDWR; write a x                        file:none
  fsync a                                      F; a=open file O_RDWR; write a x                        file:none
  mkdir folder/new                             mkdir folder                                            folder:mc
  mkfifo folder/new                            mkdir folder                                            folder:mc
  mknod folder/new socket                      mkdir folder                                            folder:mc
  mknod folder/new regular                     mkdir folder                                            folder:mc
  symlink target folder/new                    mkdir folder                                            folder:mc
  mkdir folder/sub -> EEXIST                   mkdir folder; mkdir folder/sub                          folder:none folder/sub:none
  mkfifo folder/sub -> EEXIST                  mkdir folder; mkfifo folder/sub                         folder:none folder/sub:none
  symlink x folder/sub -> EEXIST               mkdir folder; mkfifo folder/sub                         folder:none folder/sub:none
  link folder/file folder/new                  D                                                       folder:mc folder/file:c
  link folder/file other/new                   D; mkdir other                                          folder:none folder/file:c other:mc
  link folder/file other/ -> EEXIST            D; mkdir other                                          folder:none folder/file:none other:none
  unlink folder/file                           D; a=open folder/file O_RDONLY                          folder:mc
  unlink folder/file                           D; link folder/file second                              folder:mc second:c
  unlink folder/sub -> EISDIR                  D; mkdir folder/sub                                     folder:none folder/sub:none
  rmdir folder/sub                             mkdir folder; mkdir folder/sub                          folder:mc
  rmdir folder/sub -> ENOTEMPTY                mkdir folder; mkdir folder/sub; put folder/sub/x        folder:none folder/sub:none
  rename folder/file folder/new                D                                                       folder:mc folder/new=folder/file:c
  rename folder/file other/new                 D; mkdir other                                          folder:mc other:mc other/new=folder/file:c
  rename folder/sub other/sub                  mkdir folder; mkdir folder/sub; mkdir other             folder:mc other:mc other/sub=folder/sub:c
  rename folder/file folder/old                D; put folder/old; link folder/old kept                 folder:mc kept:c
  rename folder/file folder/file               D                                                       folder:none folder/file:none
  rename folder/file folder/sub -> EISDIR      D; mkdir folder/sub                                     folder:none folder/file:none folder/sub:none
  exchange folder/file other/file              D; mkdir other; put other/file                          folder:mc other:mc other/file=folder/file:c folder/file=other/file:c
  exchange folder/file folder/second           D; link folder/file folder/second                       folder:none folder/file:none
  noReplace folder/file folder/second -> EEXIST  D; put folder/second                                 folder:none folder/file:none
  setxattr file user.a x                       F                                                       file:c .:none
  setxattr file user.a x replace -> ENODATA    F                                                       file:none
  removexattr file user.a                      F; setxattr file user.a x                               file:c
  removexattr file user.a -> ENODATA           F                                                       file:none
  getxattr file user.a                         F; setxattr file user.a x                               file:none
  listxattr file                               F; setxattr file user.a x                               file:none
  setxattr folder user.a x                     mkdir folder                                            folder:c
  stat file; access file r; lstat link         F; symlink file link                                    file:none .:none
  chmod folder 0700                            D                                                       folder:c folder/file:none
  put folder/file more                         D                                                       folder:none folder/file:mc
  put folder/sub/new                           mkdir folder; mkdir folder/sub                          folder:none folder/sub:mc
  write a x                                    F; link file second; a=open file O_RDWR; unlink second  file:mc
  @stranger write a x                          put file x 04777; @stranger a=open file O_RDWR          file:mc
  mknod folder/new character 0644 259          mkdir folder                                            folder:mc
  put folder/file                              mkdir folder                                            folder:mc
`)

function parts(text: string): Part[] {
  return text
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(line => part(...(line.trim().split(/ {2,}/) as [string, string, string])))
}

function part(calls: string, before: string, moved: string): Part {
  const paths = moved.split(' ').map(entry => {
    const [path = '', times] = entry.split(':')
    const [now = '', marked = now] = path.split('=')
    return { marked, line: `moved ${now} ${marked} -> ${times}` }
  })
  const text = [
    ...before
      .split('; ')
      .map(step => common[step] ?? step)
      .join('; ')
      .split('; '),
    `mark ${paths.map(path => path.marked).join(' ')}`,
    ...calls.split('; '),
    ...paths.map(path => path.line)
  ]
  return {
    title: `${calls} moves`,
    setup: [],
    lines: parseLines(text.join('\n')),
    independent: false
  }
}

export const times: Table = {
  title: 'times: which ones a call moves, and what is set',
  without: [],
  parts: [
    ...movedTimes,
    ...sequences(`
      == nanoseconds are kept
        put file
        utimens file 1.000000001 2.999999999 -> ok
        stat file atime mtime -> 1.000000001 2.999999999
        utimens file 1500000000.123456789 1600000000.987654321 -> ok
        stat file atime mtime -> 1500000000.123456789 1600000000.987654321
      == seconds before 1970 and after 2038
        put file
        utimens file -1.0 -2.500000000 -> ok
        stat file atime mtime -> -1.000000000 -2.500000000
        utimens file 2147483647.0 2147483648.0 -> ok
        stat file atime mtime -> 2147483647.000000000 2147483648.000000000
        utimens file 4294967296.0 4294967297.000000005 -> ok
        stat file atime mtime -> 4294967296.000000000 4294967297.000000005
      == nanoseconds that are none
        put file
        utimens file 1.1000000000 1.0 -> EINVAL
        utimens file 1.0 1.1000000000 -> EINVAL
        utimens file 1.-1 1.0 -> EINVAL
      == one is set, the other stays
        put file
        utimens file 11.000000012 21.000000022
        utimens file omit 31.000000032 -> ok
        stat file atime mtime -> 11.000000012 31.000000032
        utimens file 41.000000042 omit -> ok
        stat file atime mtime -> 41.000000042 31.000000032
        utimens file omit omit -> ok
        stat file atime mtime -> 41.000000042 31.000000032
      == of a folder, a symlink, a fifo
        mkdir folder
        symlink folder link
        mkfifo fifo
        utimens folder 1.000000002 3.000000004 -> ok
        stat folder atime mtime -> 1.000000002 3.000000004
        lutimens link 5.000000006 7.000000008 -> ok
        lstat link mtime -> 7.000000008
        stat link atime mtime -> 1.000000002 3.000000004
        utimens link 9.000000001 10.000000002 -> ok
        stat folder atime mtime -> 9.000000001 10.000000002
        lstat link mtime -> 7.000000008
        utimens fifo 11.000000012 13.000000014 -> ok
        stat fifo atime mtime -> 11.000000012 13.000000014
      == of an open file, also when its name is gone
        a=open file O_RDWR|O_CREAT
        futimens a 1.000000002 3.000000004 -> ok
        fstat a atime mtime -> 1.000000002 3.000000004
        unlink file
        futimens a 5.000000006 7.000000008 -> ok
        fstat a atime mtime -> 5.000000006 7.000000008
      == a write after the times were set moves mtime
        a=open file O_RDWR|O_CREAT
        futimens a 1.0 2.0
        write a x
        futimens a omit 3.000000004 -> ok
        stat file mtime -> 3.000000004
        close a
        stat file mtime -> 3.000000004
      == times stay with the inode
        put file
        utimens file 1.0 2.000000003
        link file second
        stat second mtime -> 2.000000003
        rename second third
        stat third mtime -> 2.000000003
        unlink file
        stat third atime mtime -> 1.000000000 2.000000003
    `)
  ]
}

/** Whether reading counts is a choice of who mounts: on a disk it may be any. */
export const reading: Table = {
  title: 'times: reading',
  without: ['disk'],
  parts: sequences(`
    == reading moves atime on tmpfs; ours say nothing of reading
      put file content
      mark file
      get file -> content
      moved file -> a|mount,tree:none
    == so does listing
      mkdir folder
      put folder/file
      mark folder
      list folder -> file
      moved folder -> a|mount,tree:none
    == and reading a symlink
      symlink target link
      mark link
      readlink link -> target
      moved link -> a|mount,tree:none
    == O_NOATIME never moves it
      put file content
      a=open file O_RDONLY|O_NOATIME
      mark file
      read a 5 -> conte
      moved file -> none
  `)
}
