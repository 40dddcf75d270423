import { crossing, sequences, type Table } from './table.ts'

export const xattrs: Table = {
  title: 'extended attributes',
  without: [],
  parts: [
    crossing(
      'names of extended attributes, by what they are set on',
      `
      put file file
      mkdir folder
      symlink file link
      symlink none dangling
      mkfifo fifo
      mknod socket socket
    `,
      String.raw`
                                       file        folder      link        fifo        socket      dangling
      setxattr % user.a value          ok          ok          ok          EPERM       EPERM       ENOENT
      setxattr % user.a ''             ok          ok          ok          EPERM       EPERM       ENOENT
      setxattr % user. value           EINVAL      EINVAL      EINVAL      EPERM       EPERM       ENOENT
      setxattr % user value            EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  ENOENT
      setxattr % '' value              ERANGE      ERANGE      ERANGE      ERANGE      ERANGE      ERANGE
      setxattr % other.a value         EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  ENOENT
      setxattr % a value               EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  ENOENT
      setxattr % trusted.a value       ok          ok          ok          ok          ok          ENOENT
      setxattr % trusted. value        EINVAL      EINVAL      EINVAL      EINVAL      EINVAL      ENOENT
      setxattr % security.a value      ok          ok          ok          ok          ok          ENOENT
      setxattr % system.a value        EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  ENOENT
      setxattr % user.<n*250> value    ok          ok          ok          EPERM       EPERM       ENOENT
      setxattr % user.<n*251> value    ERANGE      ERANGE      ERANGE      ERANGE      ERANGE      ERANGE
      setxattr % user.a <v*1000>       ok          ok          ok          EPERM       EPERM       ENOENT
      setxattr % user.a <v*65537>      E2BIG       E2BIG       E2BIG       E2BIG       E2BIG       E2BIG
      setxattr % user.\xc3\xa4 value   ok          ok          ok          EPERM       EPERM       ENOENT
      setxattr % user.a value create   ok          ok          ok          EPERM       EPERM       ENOENT
      setxattr % user.a value replace  ENODATA     ENODATA     ENODATA     EPERM       EPERM       ENOENT
      setxattr % user.a value 3        ENODATA     ENODATA     ENODATA     EPERM       EPERM       ENOENT
      setxattr % user.a value 4        EINVAL      EINVAL      EINVAL      EINVAL      EINVAL      EINVAL
      lsetxattr % user.a value         ok          ok          EPERM       EPERM       EPERM       EPERM
      lsetxattr % trusted.a value      ok          ok          ok          ok          ok          ok
      lsetxattr % security.a value     ok          ok          ok          ok          ok          ok
      getxattr % user.a                ENODATA     ENODATA     ENODATA     ENODATA     ENODATA     ENOENT
      getxattr % user.a 0              ENODATA     ENODATA     ENODATA     ENODATA     ENODATA     ENOENT
      getxattr % user.<n*251>          ERANGE      ERANGE      ERANGE      ERANGE      ERANGE      ERANGE
      getxattr % other.a               EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  ENOENT
      getxattr % ''                    ERANGE      ERANGE      ERANGE      ERANGE      ERANGE      ERANGE
      getxattr % trusted.a             ENODATA     ENODATA     ENODATA     ENODATA     ENODATA     ENOENT
      getxattr % security.a            ENODATA     ENODATA     ENODATA     ENODATA     ENODATA     ENOENT
      lgetxattr % user.a               ENODATA     ENODATA     ENODATA     ENODATA     ENODATA     ENODATA
      lgetxattr % trusted.a            ENODATA     ENODATA     ENODATA     ENODATA     ENODATA     ENODATA
      listxattr %                      nothing     nothing     nothing     nothing     nothing     ENOENT
      listxattr % exact                nothing     nothing     nothing     nothing     nothing     ENOENT
      llistxattr %                     nothing     nothing     nothing     nothing     nothing     nothing
      llistxattr % exact               nothing     nothing     nothing     nothing     nothing     nothing
      removexattr % user.a             ENODATA     ENODATA     ENODATA     EPERM       EPERM       ENOENT
      removexattr % user.<n*251>       ERANGE      ERANGE      ERANGE      ERANGE      ERANGE      ERANGE
      removexattr % other.a            EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  ENOENT
      removexattr % a                  EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  EOPNOTSUPP  ENOENT
      removexattr % ''                 ERANGE      ERANGE      ERANGE      ERANGE      ERANGE      ERANGE
      removexattr % trusted.a          ENODATA     ENODATA     ENODATA     ENODATA     ENODATA     ENOENT
      removexattr % security.a         ENODATA     ENODATA     ENODATA     ENODATA     ENODATA     ENOENT
      lremovexattr % user.a            ENODATA     ENODATA     EPERM       EPERM       EPERM       EPERM
      lremovexattr % trusted.a         ENODATA     ENODATA     ENODATA     ENODATA     ENODATA     ENODATA
    `
    ),
    crossing(
      'extended attributes that are there',
      `
      put file file
      mkdir folder
      symlink file link
      setxattr file user.a value
      setxattr file user.b ''
      setxattr file trusted.t kept
      setxattr folder user.a value
      setxattr folder user.b ''
      setxattr folder trusted.t kept
      lsetxattr link trusted.l link
    `,
      `
                                             file                     folder                   link
      getxattr % user.a                      value                    value                    value
      getxattr % user.a 0                    5                        5                        5
      getxattr % user.a 1                    ERANGE                   ERANGE                   ERANGE
      getxattr % user.a 4                    ERANGE                   ERANGE                   ERANGE
      getxattr % user.a 5                    value                    value                    value
      getxattr % user.b                      ''                       ''                       ''
      getxattr % user.b 0                    0                        0                        0
      getxattr % user.b 1                    ''                       ''                       ''
      getxattr % user.c                      ENODATA                  ENODATA                  ENODATA
      getxattr % trusted.t                   kept                     kept                     kept
      lgetxattr % user.a                     value                    value                    ENODATA
      lgetxattr % trusted.l                  ENODATA                  ENODATA                  link
      lgetxattr % trusted.l 3                ENODATA                  ENODATA                  ERANGE
      listxattr %                            trusted.t user.a user.b  trusted.t user.a user.b  trusted.t user.a user.b
      listxattr % exact                      trusted.t user.a user.b  trusted.t user.a user.b  trusted.t user.a user.b
      listxattr % less                       ERANGE                   ERANGE                   ERANGE
      llistxattr %                           trusted.t user.a user.b  trusted.t user.a user.b  trusted.l
      llistxattr % exact                     trusted.t user.a user.b  trusted.t user.a user.b  trusted.l
      llistxattr % less                      ERANGE                   ERANGE                   ERANGE
      setxattr % user.a other                ok                       ok                       ok
      setxattr % user.a other create         EEXIST                   EEXIST                   EEXIST
      setxattr % user.a other replace        ok                       ok                       ok
      setxattr % user.c other create         ok                       ok                       ok
      setxattr % user.c other replace        ENODATA                  ENODATA                  ENODATA
      removexattr % user.a                   ok                       ok                       ok
      removexattr % user.b                   ok                       ok                       ok
      removexattr % user.c                   ENODATA                  ENODATA                  ENODATA
      removexattr % trusted.t                ok                       ok                       ok
      lremovexattr % trusted.l               ENODATA                  ENODATA                  ok
      @stranger getxattr % trusted.t         ENODATA                  ENODATA                  ENODATA
      @stranger getxattr % user.a            value                    value                    value
      @stranger setxattr % user.a other      EACCES                   EACCES                   EACCES
      @stranger setxattr % trusted.t other   EPERM                    EPERM                    EPERM
      @stranger setxattr % security.s other  EPERM                    EPERM                    EPERM
      @stranger removexattr % user.a         EACCES                   EACCES                   EACCES
      @stranger removexattr % trusted.t      EPERM                    EPERM                    EPERM
      @stranger listxattr %                  user.a user.b            user.a user.b            user.a user.b
    `
    ),
    ...sequences(String.raw`
      == a value that is set is the value that is got
        put file
        setxattr file user.a one -> ok
        getxattr file user.a -> one
        setxattr file user.a three -> ok
        getxattr file user.a -> three
        setxattr file user.a x -> ok
        getxattr file user.a -> x
        setxattr file user.a '' -> ok
        getxattr file user.a -> ''
        getxattr file user.a 0 -> 0
        removexattr file user.a -> ok
        getxattr file user.a -> ENODATA
        removexattr file user.a -> ENODATA
      == values are bytes
        put file
        setxattr file user.a \x00\xff\x0a\x80 -> ok
        getxattr file user.a -> \x00\xff\x0a\x80
        getxattr file user.a 0 -> 4
      == names are bytes
        put file
        setxattr file user.\xff\xfe one -> ok
        setxattr file user.\xff\xfd two -> ok
        getxattr file user.\xff\xfe -> one
        getxattr file user.\xff\xfd -> two
        listxattr file -> user.\xff\xfd user.\xff\xfe
        removexattr file user.\xff\xfe -> ok
        listxattr file -> user.\xff\xfd
      == by descriptor as by path
        a=open file O_RDWR|O_CREAT
        fsetxattr a user.a one -> ok
        getxattr file user.a -> one
        fgetxattr a user.a -> one
        flistxattr a -> user.a
        fremovexattr a user.a -> ok
        flistxattr a -> nothing
      == by a descriptor that only reads
        put file
        a=open file O_RDONLY
        fsetxattr a user.a one -> ok
        fgetxattr a user.a -> one
        fremovexattr a user.a -> ok
      == of a descriptor that is not open
        fsetxattr nothing user.a one -> EBADF
        fgetxattr nothing user.a -> EBADF
        flistxattr nothing -> EBADF
        fremovexattr nothing user.a -> EBADF
      == they stay with the inode: links, renames, unlinked names
        put file
        setxattr file user.a one
        link file second
        getxattr second user.a -> one
        rename second third
        unlink file
        getxattr third user.a -> one
        a=open third O_RDONLY
        unlink third
        fgetxattr a user.a -> one
        fsetxattr a user.b two -> ok
        flistxattr a -> user.a user.b
        put third
        listxattr third -> nothing
      == a file that is replaced takes its attributes along
        put file
        setxattr file user.a one
        put other
        rename other file
        listxattr file -> nothing
      == of a folder
        mkdir folder
        setxattr folder user.a one -> ok
        getxattr folder user.a -> one
        put folder/file
        listxattr folder/file -> nothing
        rename folder other
        getxattr other user.a -> one
      == writing keeps them
        put file
        setxattr file user.a one
        put file more
        getxattr file user.a -> one
        truncate file 0
        getxattr file user.a -> one
      == a hundred of them
        put file
        setxattr file user.<0*100> 0 -> ok
        setxattr file user.<1*100> 1 -> ok
        setxattr file user.<2*100> 2 -> ok
        setxattr file user.<3*100> 3 -> ok
        listxattr file exact -> user.<0*100> user.<1*100> user.<2*100> user.<3*100>
        listxattr file less -> ERANGE
    `)
  ]
}
