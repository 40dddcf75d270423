import { crossing, type Table } from './table.ts'

export const wrongPaths: Table = {
  title: 'paths that are wrong, long or odd',
  without: [],
  parts: [
    crossing(
      'a path through what is wrong',
      `
      mkdir folder
      put file file
      symlink file link
      symlink folder tofolder
      symlink none dangling
      symlink loop loop
      symlink b a
      symlink a b
      mkfifo fifo
      put other other
      mkdir spare
    `,
      `
                                    file/x   file/x/y  none/x  dangling/x  loop/x  a/x     link/x   fifo/x   tofolder/x  file/..  none/..  link/.
      stat %                        ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      lstat %                       ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      readlink %                    ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      access % r                    ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      chdir %                       ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      list %                        ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      open % O_RDONLY               ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      open % O_RDWR|O_CREAT         ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ok          ENOTDIR  ENOENT   ENOTDIR
      open % O_RDWR|O_CREAT|O_EXCL  ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ok          ENOTDIR  ENOENT   ENOTDIR
      open % O_RDONLY|O_DIRECTORY   ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      open % O_WRONLY|O_TRUNC       ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      open % O_RDONLY|O_NOFOLLOW    ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      mkdir % 0755                  ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ok          ENOTDIR  ENOENT   ENOTDIR
      mkfifo % 0644                 ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ok          ENOTDIR  ENOENT   ENOTDIR
      mknod % regular 0644          ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ok          ENOTDIR  ENOENT   ENOTDIR
      symlink target %              ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ok          ENOTDIR  ENOENT   ENOTDIR
      symlink '' %                  ENOENT   ENOENT    ENOENT  ENOENT      ENOENT  ENOENT  ENOENT   ENOENT   ENOENT      ENOENT   ENOENT   ENOENT
      link % new                    ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      link other %                  ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ok          ENOTDIR  ENOENT   ENOTDIR
      link none %                   ENOENT   ENOENT    ENOENT  ENOENT      ENOENT  ENOENT  ENOENT   ENOENT   ENOENT      ENOENT   ENOENT   ENOENT
      linkFollowing % new           ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      unlink %                      ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      rmdir %                       ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      rename % new                  ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      rename other %                ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ok          ENOTDIR  ENOENT   ENOTDIR
      rename spare %                ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ok          ENOTDIR  ENOENT   ENOTDIR
      rename none %                 ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      noReplace % new               ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      noReplace other %             ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ok          ENOTDIR  ENOENT   ENOTDIR
      exchange % other              ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      exchange other %              ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      truncate % 0                  ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      chmod % 0700                  ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      chown % 1 1                   ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      lchown % 1 1                  ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      utimens % 1.0 2.0             ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      lutimens % 1.0 2.0            ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      statfs % namemax              ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      getxattr % user.none          ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      setxattr % user.new x         ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      lsetxattr % user.new x        ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      removexattr % user.none       ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
      listxattr %                   ENOTDIR  ENOTDIR   ENOENT  ENOENT      ELOOP   ELOOP   ENOTDIR  ENOTDIR  ENOENT      ENOTDIR  ENOENT   ENOTDIR
    `
    ),
    crossing(
      'names and paths that are too long, or nearly',
      `
      mkdir folder
      put file file
      put other other
      mkdir spare
    `,
      `
                                    <n*255>  <n*256>       folder/<n*255>  folder/<n*256>  <n*256>/x     file/<n*256>  none/<n*256>  <./*2045>x  <./*2046>xyz  <./*2047>xy   <x*5000>      ''
      stat %                        ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      lstat %                       ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      readlink %                    ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      access % r                    ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      chdir %                       ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      list %                        ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      open % O_RDONLY               ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      open % O_RDWR|O_CREAT         ok       ENAMETOOLONG  ok              ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ok          ok            ENAMETOOLONG  ENAMETOOLONG  ENOENT
      open % O_RDWR|O_CREAT|O_EXCL  ok       ENAMETOOLONG  ok              ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ok          ok            ENAMETOOLONG  ENAMETOOLONG  ENOENT
      open % O_RDONLY|O_DIRECTORY   ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      mkdir % 0755                  ok       ENAMETOOLONG  ok              ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ok          ok            ENAMETOOLONG  ENAMETOOLONG  ENOENT
      mkfifo % 0644                 ok       ENAMETOOLONG  ok              ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ok          ok            ENAMETOOLONG  ENAMETOOLONG  ENOENT
      mknod % regular 0644          ok       ENAMETOOLONG  ok              ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ok          ok            ENAMETOOLONG  ENAMETOOLONG  ENOENT
      symlink target %              ok       ENAMETOOLONG  ok              ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ok          ok            ENAMETOOLONG  ENAMETOOLONG  ENOENT
      symlink % new                 ok       ok            ok              ok              ok            ok            ok            ok          ok            ENAMETOOLONG  ENAMETOOLONG  ENOENT
      link % new                    ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      link file %                   ok       ENAMETOOLONG  ok              ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ok          ok            ENAMETOOLONG  ENAMETOOLONG  ENOENT
      unlink %                      ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      rmdir %                       ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      rename % new                  ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      rename file %                 ok       ENAMETOOLONG  ok              ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ok          ok            ENAMETOOLONG  ENAMETOOLONG  ENOENT
      rename spare %                ok       ENAMETOOLONG  ok              ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ok          ok            ENAMETOOLONG  ENAMETOOLONG  ENOENT
      noReplace file %              ok       ENAMETOOLONG  ok              ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ok          ok            ENAMETOOLONG  ENAMETOOLONG  ENOENT
      exchange file %               ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      truncate % 0                  ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      chmod % 0700                  ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      chown % 1 1                   ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      utimens % 1.0 2.0             ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      statfs % namemax              ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      getxattr % user.none          ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      setxattr % user.new x         ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      removexattr % user.none       ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
      listxattr %                   ENOENT   ENAMETOOLONG  ENOENT          ENAMETOOLONG    ENAMETOOLONG  ENOTDIR       ENOENT        ENOENT      ENOENT        ENAMETOOLONG  ENAMETOOLONG  ENOENT
    `
    ),
    crossing(
      'a path that ends in a slash or in dots',
      `
      mkdir folder
      mkdir full
      mkdir full/below
      put file file
      symlink file link
      symlink folder tofolder
      symlink none dangling
      put other other
      mkdir spare
    `,
      `
                                              file/    folder/  none/    link/    tofolder/  dangling/  folder/.  folder/..                                            file/.   tofolder/.  ./folder  folder//  full//below/../
      stat %                                  ENOTDIR  ok       ENOENT   ENOTDIR  ok         ENOENT     ok        ok                                                   ENOTDIR  ok          ok        ok        ok
      lstat %                                 ENOTDIR  ok       ENOENT   ENOTDIR  ok         ENOENT     ok        ok                                                   ENOTDIR  ok          ok        ok        ok
      readlink %                              ENOTDIR  EINVAL   ENOENT   ENOTDIR  EINVAL     ENOENT     EINVAL    EINVAL                                               ENOTDIR  EINVAL      EINVAL    EINVAL    EINVAL
      access % r                              ENOTDIR  ok       ENOENT   ENOTDIR  ok         ENOENT     ok        ok                                                   ENOTDIR  ok          ok        ok        ok
      chdir %                                 ENOTDIR  ok       ENOENT   ENOTDIR  ok         ENOENT     ok        ok                                                   ENOTDIR  ok          ok        ok        ok
      list %                                  ENOTDIR  nothing  ENOENT   ENOTDIR  nothing    ENOENT     nothing   dangling file folder full link other spare tofolder  ENOTDIR  nothing     nothing   nothing   below
      open % O_RDONLY                         ENOTDIR  ok       ENOENT   ENOTDIR  ok         ENOENT     ok        ok                                                   ENOTDIR  ok          ok        ok        ok
      open % O_WRONLY                         ENOTDIR  EISDIR   ENOENT   ENOTDIR  EISDIR     ENOENT     EISDIR    EISDIR                                               ENOTDIR  EISDIR      EISDIR    EISDIR    EISDIR
      open % O_RDWR|O_CREAT                   EISDIR   EISDIR   EISDIR   EISDIR   EISDIR     EISDIR     EISDIR    EISDIR                                               ENOTDIR  EISDIR      EISDIR    EISDIR    EISDIR
      open % O_RDWR|O_CREAT|O_EXCL            EISDIR   EISDIR   EISDIR   EISDIR   EISDIR     EISDIR     EEXIST    EEXIST                                               ENOTDIR  EEXIST      EEXIST    EISDIR    EEXIST
      open % O_RDONLY|O_DIRECTORY             ENOTDIR  ok       ENOENT   ENOTDIR  ok         ENOENT     ok        ok                                                   ENOTDIR  ok          ok        ok        ok
      open % O_RDONLY|O_NOFOLLOW              ENOTDIR  ok       ENOENT   ENOTDIR  ok         ENOENT     ok        ok                                                   ENOTDIR  ok          ok        ok        ok
      open % O_RDONLY|O_DIRECTORY|O_NOFOLLOW  ENOTDIR  ok       ENOENT   ENOTDIR  ok         ENOENT     ok        ok                                                   ENOTDIR  ok          ok        ok        ok
      mkdir % 0755                            EEXIST   EEXIST   ok       EEXIST   EEXIST     EEXIST     EEXIST    EEXIST                                               ENOTDIR  EEXIST      EEXIST    EEXIST    EEXIST
      mkfifo % 0644                           EEXIST   EEXIST   ENOENT   EEXIST   EEXIST     EEXIST     EEXIST    EEXIST                                               ENOTDIR  EEXIST      EEXIST    EEXIST    EEXIST
      mknod % regular 0644                    EEXIST   EEXIST   ENOENT   EEXIST   EEXIST     EEXIST     EEXIST    EEXIST                                               ENOTDIR  EEXIST      EEXIST    EEXIST    EEXIST
      symlink target %                        EEXIST   EEXIST   ENOENT   EEXIST   EEXIST     EEXIST     EEXIST    EEXIST                                               ENOTDIR  EEXIST      EEXIST    EEXIST    EEXIST
      link % new                              ENOTDIR  EPERM    ENOENT   ENOTDIR  EPERM      ENOENT     EPERM     EPERM                                                ENOTDIR  EPERM       EPERM     EPERM     EPERM
      link other %                            EEXIST   EEXIST   ENOENT   EEXIST   EEXIST     EEXIST     EEXIST    EEXIST                                               ENOTDIR  EEXIST      EEXIST    EEXIST    EEXIST
      unlink %                                ENOTDIR  EISDIR   ENOENT   ENOTDIR  ENOTDIR    ENOTDIR    EISDIR    EISDIR                                               ENOTDIR  EISDIR      EISDIR    EISDIR    EISDIR
      rmdir %                                 ENOTDIR  ok       ENOENT   ENOTDIR  ENOTDIR    ENOTDIR    EINVAL    ENOTEMPTY                                            ENOTDIR  EINVAL      ok        ok        ENOTEMPTY
      rename % new                            ENOTDIR  ok       ENOENT   ENOTDIR  ENOTDIR    ENOTDIR    EBUSY     EBUSY                                                ENOTDIR  EBUSY       ok        ok        EBUSY
      rename % new/                           ENOTDIR  ok       ENOENT   ENOTDIR  ENOTDIR    ENOTDIR    EBUSY     EBUSY                                                ENOTDIR  EBUSY       ok        ok        EBUSY
      rename other %                          ENOTDIR  ENOTDIR  ENOTDIR  ENOTDIR  ENOTDIR    ENOTDIR    EBUSY     EBUSY                                                ENOTDIR  EBUSY       EISDIR    ENOTDIR   EBUSY
      rename spare %                          ENOTDIR  ok       ok       ENOTDIR  ENOTDIR    ENOTDIR    EBUSY     EBUSY                                                ENOTDIR  EBUSY       ok        ok        EBUSY
      noReplace % new                         ENOTDIR  ok       ENOENT   ENOTDIR  ENOTDIR    ENOTDIR    EBUSY     EBUSY                                                ENOTDIR  EBUSY       ok        ok        EBUSY
      noReplace other %                       EEXIST   EEXIST   ENOTDIR  EEXIST   EEXIST     EEXIST     EEXIST    EEXIST                                               ENOTDIR  EEXIST      EEXIST    EEXIST    EEXIST
      noReplace spare %                       EEXIST   EEXIST   ok       EEXIST   EEXIST     EEXIST     EEXIST    EEXIST                                               ENOTDIR  EEXIST      EEXIST    EEXIST    EEXIST
      exchange % other                        ENOTDIR  ok       ENOENT   ENOTDIR  ENOTDIR    ENOTDIR    EBUSY     EBUSY                                                ENOTDIR  EBUSY       ok        ok        EBUSY
      exchange % spare                        ENOTDIR  ok       ENOENT   ENOTDIR  ENOTDIR    ENOTDIR    EBUSY     EBUSY                                                ENOTDIR  EBUSY       ok        ok        EBUSY
      exchange spare %                        ENOTDIR  ok       ENOENT   ENOTDIR  ENOTDIR    ENOTDIR    EBUSY     EBUSY                                                ENOTDIR  EBUSY       ok        ok        EBUSY
      truncate % 0                            ENOTDIR  EISDIR   ENOENT   ENOTDIR  EISDIR     ENOENT     EISDIR    EISDIR                                               ENOTDIR  EISDIR      EISDIR    EISDIR    EISDIR
      chmod % 0755                            ENOTDIR  ok       ENOENT   ENOTDIR  ok         ENOENT     ok        ok                                                   ENOTDIR  ok          ok        ok        ok
      chown % 1 1                             ENOTDIR  ok       ENOENT   ENOTDIR  ok         ENOENT     ok        ok                                                   ENOTDIR  ok          ok        ok        ok
      lchown % 1 1                            ENOTDIR  ok       ENOENT   ENOTDIR  ok         ENOENT     ok        ok                                                   ENOTDIR  ok          ok        ok        ok
      utimens % 1.0 2.0                       ENOTDIR  ok       ENOENT   ENOTDIR  ok         ENOENT     ok        ok                                                   ENOTDIR  ok          ok        ok        ok
      lutimens % 1.0 2.0                      ENOTDIR  ok       ENOENT   ENOTDIR  ok         ENOENT     ok        ok                                                   ENOTDIR  ok          ok        ok        ok
      statfs % namemax                        ENOTDIR  255      ENOENT   ENOTDIR  255        ENOENT     255       255                                                  ENOTDIR  255         255       255       255
      getxattr % user.none                    ENOTDIR  ENODATA  ENOENT   ENOTDIR  ENODATA    ENOENT     ENODATA   ENODATA                                              ENOTDIR  ENODATA     ENODATA   ENODATA   ENODATA
      lgetxattr % user.none                   ENOTDIR  ENODATA  ENOENT   ENOTDIR  ENODATA    ENOENT     ENODATA   ENODATA                                              ENOTDIR  ENODATA     ENODATA   ENODATA   ENODATA
      setxattr % user.new x                   ENOTDIR  ok       ENOENT   ENOTDIR  ok         ENOENT     ok        ok                                                   ENOTDIR  ok          ok        ok        ok
      lsetxattr % user.new x                  ENOTDIR  ok       ENOENT   ENOTDIR  ok         ENOENT     ok        ok                                                   ENOTDIR  ok          ok        ok        ok
      removexattr % user.none                 ENOTDIR  ENODATA  ENOENT   ENOTDIR  ENODATA    ENOENT     ENODATA   ENODATA                                              ENOTDIR  ENODATA     ENODATA   ENODATA   ENODATA
      listxattr %                             ENOTDIR  nothing  ENOENT   ENOTDIR  nothing    ENOENT     nothing   nothing                                              ENOTDIR  nothing     nothing   nothing   nothing
    `
    )
  ]
}
