import { crossing, sequences, type Table } from './table.ts'

const setIdModes = ['0755', '4755', '2755', '6755', '2745', '6744', '4644', '1755', '7777', '2070']

/** Who makes a call on a file of the owner's, and whether it takes the set-id bits: chown(2), write(2). */
const setIdRows: ReadonlyArray<[who: string, call: string, takes: boolean]> = [
  ['root', 'chown file 2002 2002', true],
  ['root', 'chown file 2001 2001', true],
  ['root', 'chown file -1 -1', true],
  ['root', 'fchown a 2002 2002', true],
  ['root', 'fchown a -1 -1', true],
  ['owner', 'chown file -1 2001', true],
  ['owner', 'chown file -1 -1', true],
  ['root', 'truncate file 0', false],
  ['owner', 'truncate file 0', true],
  ['stranger', 'truncate file 0', true],
  ['stranger', 'truncate file 1', true],
  ['root', 'ftruncate a 3', false],
  ['owner', 'ftruncate a 3', true],
  ['stranger', 'ftruncate a 3', true],
  ['root', 'open file O_WRONLY|O_TRUNC', false],
  ['stranger', 'open file O_WRONLY|O_TRUNC', true],
  ['stranger', 'open file O_RDONLY|O_TRUNC', true],
  ['stranger', 'open file O_RDWR', false],
  ['root', 'write a y', false],
  ['owner', 'write a y', true],
  ['stranger', 'write a y', true],
  ['stranger', "write a ''", false],
  ['stranger', 'setxattr file user.a x', false],
  ['owner', 'utimens file now now', false],
  ['root', 'link file second', false],
  ['root', 'get file', false]
]

function setIdSequence([who, call, takes]: [string, string, boolean]): string {
  // Whether a stranger's write takes set-group-ID where it means no program changed in Linux 6.2.
  const plain = (mode: string) => (Number(`0o${mode}`) & 0o2010) !== 0o2000
  const modes = setIdModes.filter(mode => who !== 'stranger' || plain(mode))
  return modes
    .map(mode => {
      const all = Number(`0o${mode}`) | 0o666
      return `
        == ${call} by ${who}, of a file of mode ${octal(all)}
          put file x
          chown file 2001 2001
          chmod file ${octal(all)}
          @${who} a=open file O_RDWR
          stat file mode -> ${octal(all)}
          @${who} ${call}
          stat file mode -> ${octal(takes ? withoutSetIds(all) : all)}`
    })
    .join('\n')
}

function withoutSetIds(mode: number): number {
  return mode & ((mode & 0o010) === 0 ? ~0o4000 : ~0o6000)
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

/** A folder's bits mean something else: they stay. */
function folderSequence(mode: string): string {
  return `
    == a folder of mode ${mode} keeps it
      mkdir folder
      chown folder 2001 2001
      chmod folder ${mode}
      @owner chown folder -1 2001
      stat folder mode -> ${mode}
      chown folder 2002 2002
      stat folder mode -> ${mode}
      put folder/file
      stat folder mode -> ${mode}`
}

export const owners: Table = {
  title: 'owners and modes',
  without: [],
  parts: [
    ...sequences(`
      == a new file belongs to who made it
        @owner put file x -> ok
        @owner mkdir folder -> ok
        @owner symlink x link -> ok
        @owner mkfifo fifo -> ok
        @owner mknod socket socket -> ok
        @supplementary put theirs x -> ok
        stat file uid gid mode -> 2001 2001 0644
        stat folder uid gid mode -> 2001 2001 0755
        lstat link uid gid mode -> 2001 2001 0777
        stat fifo uid gid -> 2001 2001
        stat socket uid gid -> 2001 2001
        stat theirs uid gid -> 2003 2003
      == in a set-group-ID folder the group is the folder's
        mkdir folder
        chown folder 0 2001
        chmod folder 2777
        @stranger put folder/file x -> ok
        @stranger mkdir folder/sub -> ok
        @stranger symlink x folder/link -> ok
        @stranger mkfifo folder/fifo -> ok
        @stranger mknod folder/socket socket -> ok
        stat folder/file uid gid mode -> 2004 2001 0644
        stat folder/sub uid gid mode -> 2004 2001 2755
        lstat folder/link uid gid -> 2004 2001
        stat folder/fifo uid gid -> 2004 2001
        stat folder/socket uid gid -> 2004 2001
        @stranger put folder/sub/deep x
        stat folder/sub/deep gid -> 2001
        put outside x
        rename outside folder/outside
        stat folder/outside gid -> 0
        mkdir moved
        rename moved folder/moved
        stat folder/moved gid mode -> 0 0755
      == set-group-ID of a new file is not for strangers to the group
        mkdir folder
        chown folder 0 2001
        chmod folder 2777
        @stranger open folder/a O_WRONLY|O_CREAT 2775 -> ok
        @member open folder/b O_WRONLY|O_CREAT 2775 -> ok
        @supplementary open folder/c O_WRONLY|O_CREAT 2775 -> ok
        @stranger open folder/d O_WRONLY|O_CREAT 2765 -> ok
        @stranger mknod folder/e regular 2775 -> ok
        open folder/f O_WRONLY|O_CREAT 6775 -> ok
        stat folder/a mode -> 0775
        stat folder/b mode -> 2775
        stat folder/c mode -> 2775
        stat folder/d mode -> 2765
        stat folder/e mode -> 0775
        stat folder/f mode -> 6775
    `),
    crossing(
      'who may change what of a file',
      `
      put file x 0644
      chown file 2001 2001
      setxattr file user.a x
    `,
      `
                                      @root   @owner  @member  @supplementary  @stranger
      % chmod file 0600               ok      ok      EPERM    EPERM           EPERM
      % chmod file 0644               ok      ok      EPERM    EPERM           EPERM
      % chmod file 4755               ok      ok      EPERM    EPERM           EPERM
      % chmod file 2755               ok      ok      EPERM    EPERM           EPERM
      % chown file 2001 2001          ok      ok      EPERM    EPERM           EPERM
      % chown file 2001 -1            ok      ok      EPERM    EPERM           EPERM
      % chown file -1 2001            ok      ok      EPERM    EPERM           EPERM
      % chown file -1 -1              ok      ok      ok       ok              ok
      % chown file 2002 -1            ok      EPERM   EPERM    EPERM           EPERM
      % chown file 2002 2001          ok      EPERM   EPERM    EPERM           EPERM
      % chown file 0 0                ok      EPERM   EPERM    EPERM           EPERM
      % chown file -1 2009            ok      EPERM   EPERM    EPERM           EPERM
      % chown file -1 2003            ok      EPERM   EPERM    EPERM           EPERM
      % chown file -1 0               ok      EPERM   EPERM    EPERM           EPERM
      % lchown file -1 2001           ok      ok      EPERM    EPERM           EPERM
      % lchown file -1 2009           ok      EPERM   EPERM    EPERM           EPERM
      % utimens file now now          ok      ok      EACCES   EACCES          EACCES
      % utimens file 1.0 1.0          ok      ok      EPERM    EPERM           EPERM
      % utimens file now omit         ok      ok      EPERM    EPERM           EPERM
      % utimens file omit now         ok      ok      EPERM    EPERM           EPERM
      % utimens file omit omit        ok      ok      ok       ok              ok
      % utimens file now 1.0          ok      ok      EPERM    EPERM           EPERM
      % truncate file 0               ok      ok      EACCES   EACCES          EACCES
      % truncate file 100             ok      ok      EACCES   EACCES          EACCES
      % open file O_RDONLY            ok      ok      ok       ok              ok
      % open file O_WRONLY            ok      ok      EACCES   EACCES          EACCES
      % open file O_RDWR              ok      ok      EACCES   EACCES          EACCES
      % open file O_RDONLY|O_TRUNC    ok      ok      EACCES   EACCES          EACCES
      % open file O_RDONLY|O_NOATIME  ok      ok      EPERM    EPERM           EPERM
      % setxattr file user.a y        ok      ok      EACCES   EACCES          EACCES
      % removexattr file user.a       ok      ok      EACCES   EACCES          EACCES
      % getxattr file user.a          x       x       x        x               x
      % access file r                 ok      ok      ok       ok              ok
      % access file w                 ok      ok      EACCES   EACCES          EACCES
      % access file rw                ok      ok      EACCES   EACCES          EACCES
      % access file x                 EACCES  EACCES  EACCES   EACCES          EACCES
    `
    ),
    crossing(
      'who may change what of a file all may write',
      `
      put file x 0666
      chown file 2001 2001
      setxattr file user.a x
    `,
      `
                                      @root  @owner  @member  @supplementary  @stranger
      % chmod file 0600               ok     ok      EPERM    EPERM           EPERM
      % chown file -1 -1              ok     ok      ok       ok              ok
      % chown file 2001 2001          ok     ok      EPERM    EPERM           EPERM
      % utimens file now now          ok     ok      ok       ok              ok
      % utimens file 1.0 1.0          ok     ok      EPERM    EPERM           EPERM
      % utimens file now omit         ok     ok      EPERM    EPERM           EPERM
      % utimens file omit now         ok     ok      EPERM    EPERM           EPERM
      % utimens file omit omit        ok     ok      ok       ok              ok
      % truncate file 0               ok     ok      ok       ok              ok
      % open file O_RDWR|O_TRUNC      ok     ok      ok       ok              ok
      % open file O_RDWR|O_CREAT      ok     ok      ok       ok              ok
      % open file O_RDONLY|O_NOATIME  ok     ok      EPERM    EPERM           EPERM
      % setxattr file user.a y        ok     ok      ok       ok              ok
      % removexattr file user.a       ok     ok      ok       ok              ok
      % setxattr file trusted.a y     ok     EPERM   EPERM    EPERM           EPERM
      % setxattr file security.a y    ok     EPERM   EPERM    EPERM           EPERM
    `
    ),
    crossing(
      'who may change what of a folder',
      `
      mkdir folder
      chown folder 2001 2001
      setxattr folder user.a x
    `,
      `
                                  @root    @owner   @member  @supplementary  @stranger
      % chmod folder 0700         ok       ok       EPERM    EPERM           EPERM
      % chmod folder 1777         ok       ok       EPERM    EPERM           EPERM
      % chmod folder 2755         ok       ok       EPERM    EPERM           EPERM
      % chown folder 2001 2001    ok       ok       EPERM    EPERM           EPERM
      % chown folder 2002 -1      ok       EPERM    EPERM    EPERM           EPERM
      % chown folder -1 2001      ok       ok       EPERM    EPERM           EPERM
      % chown folder -1 2009      ok       EPERM    EPERM    EPERM           EPERM
      % utimens folder now now    ok       ok       EACCES   EACCES          EACCES
      % utimens folder 1.0 1.0    ok       ok       EPERM    EPERM           EPERM
      % setxattr folder user.a y  ok       ok       EACCES   EACCES          EACCES
      % put folder/new            ok       ok       EACCES   EACCES          EACCES
      % mkdir folder/new          ok       ok       EACCES   EACCES          EACCES
      % list folder               nothing  nothing  nothing  nothing         nothing
      % chdir folder              ok       ok       ok       ok              ok
    `
    ),
    ...sequences(`
      == chmod by the owner, outside of the group, loses set-group-ID
        put file x
        chown file 2001 2009
        @owner chmod file 2755 -> ok
        stat file mode -> 0755
        chown file 2001 2001
        @owner chmod file 2755 -> ok
        stat file mode -> 2755
        @owner chmod file 6777 -> ok
        stat file mode -> 6777
        @owner chmod file 1644 -> ok
        stat file mode -> 1644
        chown file 2003 2009
        @supplementary chmod file 2755 -> ok
        stat file mode -> 2755
      == so does a folder
        mkdir folder
        chown folder 2001 2009
        @owner chmod folder 2755 -> ok
        stat folder mode -> 0755
      == an owner gives a file to a group he is in
        put file x
        chown file 2003 2003
        @supplementary chown file -1 2009 -> ok
        stat file uid gid -> 2003 2009
        @supplementary chown file 2003 2001 -> ok
        stat file uid gid -> 2003 2001
        @supplementary chown file -1 2002 -> EPERM
        @supplementary chown file 2001 -1 -> EPERM
        stat file uid gid -> 2003 2001
      == ids beyond 16 and 31 bits
        put file x
        chown file 70000 4294967294 -> ok
        stat file uid gid -> 70000 4294967294
        chown file 2147483648 -1 -> ok
        stat file uid gid -> 2147483648 4294967294
      == chown of a symlink leaves its target alone
        put file x
        symlink file link
        lchown link 5 6 -> ok
        lstat link uid gid -> 5 6
        stat file uid gid -> 0 0
        chown link 7 8 -> ok
        lstat link uid gid -> 5 6
        stat file uid gid -> 7 8
    `),
    ...sequences(setIdRows.map(setIdSequence).join('\n')),
    ...sequences(setIdModes.map(folderSequence).join('\n'))
  ]
}
