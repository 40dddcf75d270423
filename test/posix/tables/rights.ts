import { crossing, type Table } from './table.ts'

export const rights: Table = {
  title: 'rights: sticky folders, root, and folders on the way',
  without: [],
  parts: [
    crossing(
      'a sticky folder all may write: what is whose in it',
      `
      mkdir folder
      put folder/roots x 0666
      put folder/owners x 0666
      chown folder/owners 2001 2001
      put folder/strangers x 0666
      chown folder/strangers 2004 2004
      mkdir folder/sub
      chown folder/sub 2001 2001
      symlink x folder/link
      lchown folder/link 2001 2001
      put mine x 0666
      chown folder 2002 2001
      chmod folder 1777
    `,
      `
                                                 @root  @owner  @member  @supplementary  @stranger
      % unlink folder/roots                      ok     EPERM   ok       EPERM           EPERM
      % unlink folder/owners                     ok     ok      ok       EPERM           EPERM
      % unlink folder/strangers                  ok     EPERM   ok       EPERM           ok
      % unlink folder/link                       ok     ok      ok       EPERM           EPERM
      % rmdir folder/sub                         ok     ok      ok       EPERM           EPERM
      % rename folder/roots folder/new           ok     EPERM   ok       EPERM           EPERM
      % rename folder/owners folder/new          ok     ok      ok       EPERM           EPERM
      % rename folder/strangers new              ok     EPERM   ok       EPERM           ok
      % rename folder/sub folder/new             ok     ok      ok       EPERM           EPERM
      % rename folder/sub new                    ok     ok      EACCES   EPERM           EPERM
      % rename folder/link folder/new            ok     ok      ok       EPERM           EPERM
      % rename mine folder/new                   ok     ok      ok       ok              ok
      % rename mine folder/owners                ok     ok      ok       EPERM           EPERM
      % rename mine folder/strangers             ok     EPERM   ok       EPERM           ok
      % exchange folder/owners folder/strangers  ok     EPERM   ok       EPERM           EPERM
      % exchange folder/owners mine              ok     ok      ok       EPERM           EPERM
      % noReplace folder/owners folder/new       ok     ok      ok       EPERM           EPERM
      % noReplace mine folder/new                ok     ok      ok       ok              ok
      % link mine folder/new                     ok     ok      ok       ok              ok
      % put folder/new                           ok     ok      ok       ok              ok
      % mkdir folder/new                         ok     ok      ok       ok              ok
      % symlink x folder/new                     ok     ok      ok       ok              ok
      % setxattr folder user.a x                 ok     EPERM   ok       EPERM           EPERM
      % chmod folder 0777                        ok     EPERM   ok       EPERM           EPERM
    `
    ),
    crossing(
      'a folder of root without the sticky bit, to compare',
      `
      mkdir folder
      put folder/owners x 0666
      chown folder/owners 2001 2001
      put mine x 0666
      chmod folder 0777
    `,
      `
                                     @root  @owner  @member  @supplementary  @stranger
      % unlink folder/owners         ok     ok      ok       ok              ok
      % rename folder/owners new     ok     ok      ok       ok              ok
      % rename mine folder/owners    ok     ok      ok       ok              ok
      % exchange folder/owners mine  ok     ok      ok       ok              ok
      % setxattr folder user.a x     ok     ok      ok       ok              ok
    `
    ),
    crossing(
      'what root may do without rights',
      `
      put file content 0000
      mkdir folder 0000
      put folder/file content
      put run content 0001
      setxattr file user.a x
    `,
      `
                           file    folder  folder/file  run
      access % r           ok      ok      ok           ok
      access % w           ok      ok      ok           ok
      access % rw          ok      ok      ok           ok
      access % x           EACCES  ok      EACCES       ok
      stat %               ok      ok      ok           ok
      open % O_RDONLY      ok      ok      ok           ok
      open % O_RDWR        ok      EISDIR  ok           ok
      truncate % 0         ok      EISDIR  ok           ok
      chmod % 0100         ok      ok      ok           ok
      utimens % now now    ok      ok      ok           ok
      setxattr % user.b y  ok      ok      ok           ok
    `
    ),
    crossing(
      'rights on the way, two folders above',
      `
      mkdir a 0755
      mkdir a/b 0700
      mkdir a/b/c 0777
      put a/b/c/file content 0666
      chown a/b 2001 2001
      put mine x 0666
      symlink a/b/c/file link
    `,
      `
                                       @root         @owner        @member       @stranger
      % stat a/b/c/file                ok            ok            EACCES        EACCES
      % stat a/b                       ok            ok            ok            ok
      % stat a/b/c                     ok            ok            EACCES        EACCES
      % open a/b/c/file O_RDWR         ok            ok            EACCES        EACCES
      % open a/b/c/new O_RDWR|O_CREAT  ok            ok            EACCES        EACCES
      % open link O_RDONLY             ok            ok            EACCES        EACCES
      % stat link                      ok            ok            EACCES        EACCES
      % lstat link                     ok            ok            ok            ok
      % list a/b                       c             c             EACCES        EACCES
      % list a/b/c                     file          file          EACCES        EACCES
      % unlink a/b/c/file              ok            ok            EACCES        EACCES
      % unlink a/b/none                ENOENT        ENOENT        EACCES        EACCES
      % stat a/b/none                  ENOENT        ENOENT        EACCES        EACCES
      % mkdir a/b/c/new                ok            ok            EACCES        EACCES
      % rmdir a/b/c                    ENOTEMPTY     ENOTEMPTY     EACCES        EACCES
      % rename a/b/c/file a/b/c/new    ok            ok            EACCES        EACCES
      % rename mine a/b/c/new          ok            ok            EACCES        EACCES
      % link mine a/b/c/new            ok            ok            EACCES        EACCES
      % chmod a/b/c/file 0600          ok            EPERM         EACCES        EACCES
      % access a/b/c/file r            ok            ok            EACCES        EACCES
      % chdir a/b/c                    ok            ok            EACCES        EACCES
      % stat a/b/../b/c/file           ok            ok            EACCES        EACCES
      % stat a/b/<n*256>               ENAMETOOLONG  ENAMETOOLONG  EACCES        EACCES
      % stat a/<n*256>                 ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG
      % open a/<n*256>/x O_RDONLY      ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG  ENAMETOOLONG
      % mkdir a/b/c                    EEXIST        EEXIST        EACCES        EACCES
    `
    )
  ]
}
