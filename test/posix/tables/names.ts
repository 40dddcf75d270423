import { decode, encode } from '../language.ts'
import { crossing, sequences, type Table } from './table.ts'

/** Names that programs, or encodings, make something of; a file system nothing. */
const bytes = String.raw`
  a\x20b
  \xff\xfe
  \xc3\xa4
  a\xcc\x88
  \x01\x0a\x0d\x09
  ...
  -rf
  *?[]
  \xe2\x98
  <\xf0\x9f\x98\x80*63>
  <n*255>
  <\xff*255>
  \xed\xa0\x80
  \xc0\xaf
  \xe2\x80\x8e
  .a\x5cb
  %2e%2e
  '
`
  .split(/\s+/)
  .filter(Boolean)

/** A name from its making to its end, as a file's, a target's and a folder's. */
function lifeOf(name: string): string {
  const shown = encode(decode(name))
  return `
    == the name ${name}
      put ${name} one -> ok
      get ${name} -> one
      list . -> ${shown}
      mkdir folder
      rename ${name} folder/${name} -> ok
      list folder -> ${shown}
      symlink ${name} folder/link
      readlink folder/link -> ${shown}
      get folder/link -> one
      unlink folder/${name} -> ok
      list folder -> link
      rename folder ${name} -> ok
      stat ${name} type -> folder
      list ${name} -> link
      unlink ${name}/link
      rmdir ${name} -> ok
      list . -> nothing`
}

/** l1 leads to the file, each further one to the one before. */
const chain = Array.from({ length: 41 }, (_, index) =>
  index === 0 ? 'symlink file l1' : `symlink l${index} l${index + 1}`
).join('\n')

export const names: Table = {
  title: 'names and links',
  without: [],
  parts: [
    crossing(
      'names that are only bytes',
      `
      mkdir folder
      put file content
      symlink target pointer
    `,
      String.raw`
                               a\x20b  \xff\xfe  \xc3\xa4  a\xcc\x88  \x01\x0a\x0d\x09  ...     -rf     *?[]    '"\x60$;&  \xe2\x98  <\xf0\x9f\x98\x80*63>  CON.    ~a#     user:name\x5cx
      put folder/%             ok      ok        ok        ok         ok                ok      ok      ok      ok      ok        ok                     ok      ok      ok
      mkdir folder/%           ok      ok        ok        ok         ok                ok      ok      ok      ok      ok        ok                     ok      ok      ok
      mkfifo folder/%          ok      ok        ok        ok         ok                ok      ok      ok      ok      ok        ok                     ok      ok      ok
      symlink % folder/link    ok      ok        ok        ok         ok                ok      ok      ok      ok      ok        ok                     ok      ok      ok
      symlink target folder/%  ok      ok        ok        ok         ok                ok      ok      ok      ok      ok        ok                     ok      ok      ok
      link file folder/%       ok      ok        ok        ok         ok                ok      ok      ok      ok      ok        ok                     ok      ok      ok
      rename file folder/%     ok      ok        ok        ok         ok                ok      ok      ok      ok      ok        ok                     ok      ok      ok
      rename folder %          ok      ok        ok        ok         ok                ok      ok      ok      ok      ok        ok                     ok      ok      ok
      exchange file %          ENOENT  ENOENT    ENOENT    ENOENT     ENOENT            ENOENT  ENOENT  ENOENT  ENOENT  ENOENT    ENOENT                 ENOENT  ENOENT  ENOENT
      stat folder/%            ENOENT  ENOENT    ENOENT    ENOENT     ENOENT            ENOENT  ENOENT  ENOENT  ENOENT  ENOENT    ENOENT                 ENOENT  ENOENT  ENOENT
      unlink folder/%          ENOENT  ENOENT    ENOENT    ENOENT     ENOENT            ENOENT  ENOENT  ENOENT  ENOENT  ENOENT    ENOENT                 ENOENT  ENOENT  ENOENT
      rmdir folder/%           ENOENT  ENOENT    ENOENT    ENOENT     ENOENT            ENOENT  ENOENT  ENOENT  ENOENT  ENOENT    ENOENT                 ENOENT  ENOENT  ENOENT
    `
    ),
    ...sequences(bytes.map(lifeOf).join('\n')),
    ...sequences(String.raw`
      == names that look alike are not the same
        put \xc3\xa4 composed
        put a\xcc\x88 decomposed
        put \xe4 latin
        put A upper
        put a lower
        get \xc3\xa4 -> composed
        get a\xcc\x88 -> decomposed
        get \xe4 -> latin
        get A -> upper
        get a -> lower
        list . -> A \xc3\xa4 \xe4 a a\xcc\x88
        unlink A
        list . -> \xc3\xa4 \xe4 a a\xcc\x88
      == targets of symlinks are bytes
        symlink \xff\xfe\x0a\x20 link -> ok
        readlink link -> \xff\xfe\x0a\x20
        lstat link size type mode links -> 4 link 0777 1
        symlink <t*4095> long -> ok
        lstat long size -> 4095
        readlink long -> <t*4095>
        symlink <t*4096> longer -> ENAMETOOLONG
        symlink ./.././/x/ odd -> ok
        readlink odd -> ./.././/x/
        symlink / root -> ok
        stat root type -> folder
      == forty symlinks, and one more
        put file content
        ${chain}
        get l1 -> content
        get l40 -> content
        get l41 -> ELOOP
        stat l40 -> ok
        stat l41 -> ELOOP
        lstat l41 type -> link
        open l41 O_RDWR|O_CREAT -> ELOOP
        open l41 O_RDWR|O_CREAT|O_EXCL -> EEXIST
        chmod l41 0600 -> ELOOP
        truncate l41 0 -> ELOOP
        unlink l41 -> ok
      == link counts of a file
        put file
        stat file links -> 1
        link file second -> ok
        stat file links -> 2
        link second third -> ok
        stat file links -> 3
        same file third -> yes
        unlink file -> ok
        stat second links -> 2
        rename second fourth -> ok
        stat third links -> 2
        put other
        rename other fourth -> ok
        stat third links -> 1
        unlink third -> ok
        stat fourth links -> 1
      == link counts of a folder
        mkdir folder
        stat folder links -> 2
        mkdir folder/a
        stat folder links -> 3
        mkdir folder/b
        stat folder links -> 4
        put folder/file
        symlink a folder/link
        stat folder links -> 4
        mkdir other
        rename folder/a other/a -> ok
        stat folder links -> 3
        stat other links -> 3
        rename other/a folder/a -> ok
        stat folder links -> 4
        stat other links -> 2
        rename folder/a folder/b -> ok
        stat folder links -> 3
        rmdir folder/b -> ok
        stat folder links -> 2
        exchange other folder/file -> ok
        stat folder links -> 3
        stat . links -> 3
      == link counts when a folder takes the place of another one, elsewhere
        mkdir from
        mkdir from/a
        mkdir from/b
        mkdir to
        mkdir to/a
        mkdir to/c
        rename from/a to/a -> ok
        stat from links -> 3
        stat to links -> 4
        exchange from/b to/c -> ok
        stat from links -> 3
        stat to links -> 4
        put to/file
        exchange from/b to/file -> ok
        stat from links -> 2
        stat to links -> 5
        list to -> a c file
      == hard links of everything but folders
        symlink target link
        mkfifo fifo
        mknod socket socket
        link link link2 -> ok
        lstat link2 type links -> link 2
        readlink link2 -> target
        link fifo fifo2 -> ok
        stat fifo2 type links -> fifo 2
        link socket socket2 -> ok
        stat socket2 type links -> socket 2
        linkFollowing link x -> ENOENT
        put target t
        linkFollowing link x -> ok
        stat x type links -> file 2
      == two names of one file, renamed onto each other
        put file
        link file second
        rename file second -> ok
        list . -> file second
        stat file links -> 2
        noReplace file second -> EEXIST
        exchange file second -> ok
        stat second links -> 2
      == an exchange
        put a fileA
        mkdir d
        put d/in inside
        exchange a d -> ok
        get d -> fileA
        get a/in -> inside
        stat a type -> folder
        exchange a/in d -> ok
        get a/in -> fileA
        get d -> inside
        symlink x link
        exchange link d -> ok
        readlink d -> x
        get link -> inside
      == a folder moved below another keeps what is in it, and finds its way up
        mkdir a
        mkdir b
        mkdir a/sub
        put a/sub/file content
        rename a/sub b/moved -> ok
        get b/moved/file -> content
        list a -> nothing
        list b/moved/.. -> moved
        same b/moved/.. b -> yes
        chdir b/moved
        get file -> content
        rename ../../b/moved ../../a/back -> ok
        get file -> content
        stat .. type -> folder
        get ../back/file -> content
      == a folder over an empty one
        mkdir a
        put a/file x
        mkdir b
        rename a b -> ok
        list . -> b
        list b -> file
      == umask
        umask 0027
        put file x 0666
        mkdir folder 0777
        mkfifo fifo 0666
        symlink x link
        stat file mode -> 0640
        stat folder mode -> 0750
        stat fifo mode -> 0640
        lstat link mode -> 0777
        umask 0777
        put none x 0777
        stat none mode -> 0000
      == device numbers
        mknod c character 0600 259
        mknod b block 0640 2049
        stat c type rdev mode -> character 259 0600
        stat b type rdev mode -> block 2049 0640
        unlink c -> ok
      == who may make devices
        @stranger mknod c character 0600 259 -> EPERM
        @stranger mknod b block 0600 259 -> EPERM
        @stranger mknod f fifo 0600 -> ok
        @stranger mknod s socket 0600 -> ok
        @stranger mknod r regular 0600 -> ok
        @stranger mknod n none 0600 -> ok
        mknod d folder 0600 -> EPERM
        mknod l link 0600 -> EINVAL
        list . -> f n r s
        stat n type mode -> file 0600
      == statfs says what it is
        put file x
        statfs file namemax -> 255
        statfs file -> sane
        statfs . -> sane
    `),
    crossing(
      'the modes that are made',
      `
      mkdir folder
    `,
      `
                            0000  0644  0755  0777  1777  2755  4755  6755  7777
      put folder/file x %   ok    ok    ok    ok    ok    ok    ok    ok    ok
      mkdir folder/sub %    ok    ok    ok    ok    ok    ok    ok    ok    ok
      mkfifo folder/fifo %  ok    ok    ok    ok    ok    ok    ok    ok    ok
      chmod folder %        ok    ok    ok    ok    ok    ok    ok    ok    ok
    `
    )
  ]
}
