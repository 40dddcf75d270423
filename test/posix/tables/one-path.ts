import { crossing, type Table } from './table.ts'

export const onePath: Table = {
  title: 'calls on one path',
  without: [],
  parts: [
    crossing(
      'calls on one path, by what is there',
      `
      mkdir folder
      mkdir full
      mkdir full/below
      put full/below/deep deep
      put file file
      put hard hard
      link hard hard2
      symlink file link
      symlink folder tofolder
      symlink none dangling
      symlink loop loop
      mkfifo fifo
      mknod socket socket
    `,
      `
                                                   none    file     hard     folder   full       link     tofolder  dangling  loop     fifo     socket
      stat %                                       ENOENT  ok       ok       ok       ok         ok       ok        ENOENT    ELOOP    ok       ok
      lstat %                                      ENOENT  ok       ok       ok       ok         ok       ok        ok        ok       ok       ok
      readlink %                                   ENOENT  EINVAL   EINVAL   EINVAL   EINVAL     file     folder    none      loop     EINVAL   EINVAL
      access % r                                   ENOENT  ok       ok       ok       ok         ok       ok        ENOENT    ELOOP    ok       ok
      access % x                                   ENOENT  EACCES   EACCES   ok       ok         EACCES   ok        ENOENT    ELOOP    EACCES   EACCES
      chdir %                                      ENOENT  ENOTDIR  ENOTDIR  ok       ok         ENOTDIR  ok        ENOENT    ELOOP    ENOTDIR  ENOTDIR
      list %                                       ENOENT  ENOTDIR  ENOTDIR  nothing  below      ENOTDIR  nothing   ENOENT    ELOOP    ENOTDIR  ENOTDIR
      open % O_RDONLY|O_NONBLOCK                   ENOENT  ok       ok       ok       ok         ok       ok        ENOENT    ELOOP    ok       ENXIO
      open % O_WRONLY|O_NONBLOCK                   ENOENT  ok       ok       EISDIR   EISDIR     ok       EISDIR    ENOENT    ELOOP    ENXIO    ENXIO
      open % O_RDWR|O_NONBLOCK                     ENOENT  ok       ok       EISDIR   EISDIR     ok       EISDIR    ENOENT    ELOOP    ok       ENXIO
      open % O_RDONLY|O_CREAT|O_NONBLOCK           ok      ok       ok       EISDIR   EISDIR     ok       EISDIR    ok        ELOOP    ok       ENXIO
      open % O_RDWR|O_CREAT|O_NONBLOCK             ok      ok       ok       EISDIR   EISDIR     ok       EISDIR    ok        ELOOP    ok       ENXIO
      open % O_RDWR|O_CREAT|O_EXCL                 ok      EEXIST   EEXIST   EEXIST   EEXIST     EEXIST   EEXIST    EEXIST    EEXIST   EEXIST   EEXIST
      open % O_RDONLY|O_CREAT|O_EXCL|O_NOFOLLOW    ok      EEXIST   EEXIST   EEXIST   EEXIST     EEXIST   EEXIST    EEXIST    EEXIST   EEXIST   EEXIST
      open % O_RDONLY|O_NOFOLLOW|O_NONBLOCK        ENOENT  ok       ok       ok       ok         ELOOP    ELOOP     ELOOP     ELOOP    ok       ENXIO
      open % O_RDWR|O_NOFOLLOW|O_NONBLOCK          ENOENT  ok       ok       EISDIR   EISDIR     ELOOP    ELOOP     ELOOP     ELOOP    ok       ENXIO
      open % O_RDWR|O_CREAT|O_NOFOLLOW|O_NONBLOCK  ok      ok       ok       EISDIR   EISDIR     ELOOP    ELOOP     ELOOP     ELOOP    ok       ENXIO
      open % O_RDONLY|O_DIRECTORY                  ENOENT  ENOTDIR  ENOTDIR  ok       ok         ENOTDIR  ok        ENOENT    ELOOP    ENOTDIR  ENOTDIR
      open % O_WRONLY|O_DIRECTORY                  ENOENT  ENOTDIR  ENOTDIR  EISDIR   EISDIR     ENOTDIR  EISDIR    ENOENT    ELOOP    ENOTDIR  ENOTDIR
      open % O_RDONLY|O_DIRECTORY|O_NOFOLLOW       ENOENT  ENOTDIR  ENOTDIR  ok       ok         ENOTDIR  ENOTDIR   ENOTDIR   ENOTDIR  ENOTDIR  ENOTDIR
      open % O_WRONLY|O_TRUNC|O_NONBLOCK           ENOENT  ok       ok       EISDIR   EISDIR     ok       EISDIR    ENOENT    ELOOP    ENXIO    ENXIO
      open % O_RDONLY|O_TRUNC|O_NONBLOCK           ENOENT  ok       ok       EISDIR   EISDIR     ok       EISDIR    ENOENT    ELOOP    ok       ENXIO
      open % O_RDWR|O_CREAT|O_TRUNC|O_NONBLOCK     ok      ok       ok       EISDIR   EISDIR     ok       EISDIR    ok        ELOOP    ok       ENXIO
      open % O_WRONLY|O_APPEND|O_NONBLOCK          ENOENT  ok       ok       EISDIR   EISDIR     ok       EISDIR    ENOENT    ELOOP    ENXIO    ENXIO
      open % O_RDWR|O_SYNC|O_NONBLOCK              ENOENT  ok       ok       EISDIR   EISDIR     ok       EISDIR    ENOENT    ELOOP    ok       ENXIO
      mkdir % 0755                                 ok      EEXIST   EEXIST   EEXIST   EEXIST     EEXIST   EEXIST    EEXIST    EEXIST   EEXIST   EEXIST
      mkfifo % 0644                                ok      EEXIST   EEXIST   EEXIST   EEXIST     EEXIST   EEXIST    EEXIST    EEXIST   EEXIST   EEXIST
      mknod % regular 0644                         ok      EEXIST   EEXIST   EEXIST   EEXIST     EEXIST   EEXIST    EEXIST    EEXIST   EEXIST   EEXIST
      mknod % socket 0644                          ok      EEXIST   EEXIST   EEXIST   EEXIST     EEXIST   EEXIST    EEXIST    EEXIST   EEXIST   EEXIST
      symlink target %                             ok      EEXIST   EEXIST   EEXIST   EEXIST     EEXIST   EEXIST    EEXIST    EEXIST   EEXIST   EEXIST
      link % new                                   ENOENT  ok       ok       EPERM    EPERM      ok       ok        ok        ok       ok       ok
      linkFollowing % new                          ENOENT  ok       ok       EPERM    EPERM      ok       EPERM     ENOENT    ELOOP    ok       ok
      link file %                                  ok      EEXIST   EEXIST   EEXIST   EEXIST     EEXIST   EEXIST    EEXIST    EEXIST   EEXIST   EEXIST
      unlink %                                     ENOENT  ok       ok       EISDIR   EISDIR     ok       ok        ok        ok       ok       ok
      rmdir %                                      ENOENT  ENOTDIR  ENOTDIR  ok       ENOTEMPTY  ENOTDIR  ENOTDIR   ENOTDIR   ENOTDIR  ENOTDIR  ENOTDIR
      rename % new                                 ENOENT  ok       ok       ok       ok         ok       ok        ok        ok       ok       ok
      rename % new/                                ENOENT  ENOTDIR  ENOTDIR  ok       ok         ENOTDIR  ENOTDIR   ENOTDIR   ENOTDIR  ENOTDIR  ENOTDIR
      rename file %                                ok      ok       ok       EISDIR   EISDIR     ok       ok        ok        ok       ok       ok
      rename folder %                              ok      ENOTDIR  ENOTDIR  ok       ENOTEMPTY  ENOTDIR  ENOTDIR   ENOTDIR   ENOTDIR  ENOTDIR  ENOTDIR
      rename link %                                ok      ok       ok       EISDIR   EISDIR     ok       ok        ok        ok       ok       ok
      noReplace % new                              ENOENT  ok       ok       ok       ok         ok       ok        ok        ok       ok       ok
      noReplace file %                             ok      EEXIST   EEXIST   EEXIST   EEXIST     EEXIST   EEXIST    EEXIST    EEXIST   EEXIST   EEXIST
      noReplace folder %                           ok      EEXIST   EEXIST   EEXIST   EEXIST     EEXIST   EEXIST    EEXIST    EEXIST   EEXIST   EEXIST
      exchange % new                               ENOENT  ENOENT   ENOENT   ENOENT   ENOENT     ENOENT   ENOENT    ENOENT    ENOENT   ENOENT   ENOENT
      exchange % file                              ENOENT  ok       ok       ok       ok         ok       ok        ok        ok       ok       ok
      exchange % folder                            ENOENT  ok       ok       ok       ok         ok       ok        ok        ok       ok       ok
      exchange file %                              ENOENT  ok       ok       ok       ok         ok       ok        ok        ok       ok       ok
      truncate % 0                                 ENOENT  ok       ok       EISDIR   EISDIR     ok       EISDIR    ENOENT    ELOOP    EINVAL   EINVAL
      truncate % 1                                 ENOENT  ok       ok       EISDIR   EISDIR     ok       EISDIR    ENOENT    ELOOP    EINVAL   EINVAL
      chmod % 0700                                 ENOENT  ok       ok       ok       ok         ok       ok        ENOENT    ELOOP    ok       ok
      chown % 1 1                                  ENOENT  ok       ok       ok       ok         ok       ok        ENOENT    ELOOP    ok       ok
      lchown % 1 1                                 ENOENT  ok       ok       ok       ok         ok       ok        ok        ok       ok       ok
      utimens % 1.0 2.0                            ENOENT  ok       ok       ok       ok         ok       ok        ENOENT    ELOOP    ok       ok
      utimens % now now                            ENOENT  ok       ok       ok       ok         ok       ok        ENOENT    ELOOP    ok       ok
      utimens % omit omit                          ok      ok       ok       ok       ok         ok       ok        ok        ok       ok       ok
      lutimens % 1.0 2.0                           ENOENT  ok       ok       ok       ok         ok       ok        ok        ok       ok       ok
      statfs % namemax                             ENOENT  255      255      255      255        255      255       ENOENT    ELOOP    255      255
      getxattr % user.none                         ENOENT  ENODATA  ENODATA  ENODATA  ENODATA    ENODATA  ENODATA   ENOENT    ELOOP    ENODATA  ENODATA
      lgetxattr % user.none                        ENOENT  ENODATA  ENODATA  ENODATA  ENODATA    ENODATA  ENODATA   ENODATA   ENODATA  ENODATA  ENODATA
      setxattr % user.new x                        ENOENT  ok       ok       ok       ok         ok       ok        ENOENT    ELOOP    EPERM    EPERM
      lsetxattr % user.new x                       ENOENT  ok       ok       ok       ok         EPERM    EPERM     EPERM     EPERM    EPERM    EPERM
      setxattr % user.new x replace                ENOENT  ENODATA  ENODATA  ENODATA  ENODATA    ENODATA  ENODATA   ENOENT    ELOOP    EPERM    EPERM
      removexattr % user.none                      ENOENT  ENODATA  ENODATA  ENODATA  ENODATA    ENODATA  ENODATA   ENOENT    ELOOP    EPERM    EPERM
      lremovexattr % user.none                     ENOENT  ENODATA  ENODATA  ENODATA  ENODATA    EPERM    EPERM     EPERM     EPERM    EPERM    EPERM
      listxattr %                                  ENOENT  nothing  nothing  nothing  nothing    nothing  nothing   ENOENT    ELOOP    nothing  nothing
      llistxattr %                                 ENOENT  nothing  nothing  nothing  nothing    nothing  nothing   nothing   nothing  nothing  nothing
      setxattr % trusted.new x                     ENOENT  ok       ok       ok       ok         ok       ok        ENOENT    ELOOP    ok       ok
      lsetxattr % trusted.new x                    ENOENT  ok       ok       ok       ok         ok       ok        ok        ok       ok       ok
    `
    )
  ]
}
