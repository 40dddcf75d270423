import { crossing, independent, type Table } from './table.ts'

export const twoPaths: Table = {
  title: 'calls on two paths',
  without: [],
  parts: [
    crossing(
      'rename: a name, and what is at the other one',
      `
      mkdir folder
      mkdir full
      mkdir full/below
      put full/below/deep deep
      put file file
      put other other
      put hard hard
      link hard hard2
      symlink file link
      symlink other link2
      symlink folder tofolder
      symlink none dangling
      mkfifo fifo
      mkdir spare
    `,
      `
                                new      file     hard2    spare    full       full/below  full/below/new  link2    tofolder  dangling  none/x   file/x   folder/new
      rename file %             ok       ok       ok       EISDIR   EISDIR     EISDIR      ok              ok       ok        ok        ENOENT   ENOTDIR  ok
      rename hard %             ok       ok       ok       EISDIR   EISDIR     EISDIR      ok              ok       ok        ok        ENOENT   ENOTDIR  ok
      rename folder %           ok       ENOTDIR  ENOTDIR  ok       ENOTEMPTY  ENOTEMPTY   ok              ENOTDIR  ENOTDIR   ENOTDIR   ENOENT   ENOTDIR  EINVAL
      rename full %             ok       ENOTDIR  ENOTDIR  ok       ok         EINVAL      EINVAL          ENOTDIR  ENOTDIR   ENOTDIR   ENOENT   ENOTDIR  ok
      rename full/below %       ok       ENOTDIR  ENOTDIR  ok       ENOTEMPTY  ok          EINVAL          ENOTDIR  ENOTDIR   ENOTDIR   ENOENT   ENOTDIR  ok
      rename link %             ok       ok       ok       EISDIR   EISDIR     EISDIR      ok              ok       ok        ok        ENOENT   ENOTDIR  ok
      rename tofolder %         ok       ok       ok       EISDIR   EISDIR     EISDIR      ok              ok       ok        ok        ENOENT   ENOTDIR  ok
      rename dangling %         ok       ok       ok       EISDIR   EISDIR     EISDIR      ok              ok       ok        ok        ENOENT   ENOTDIR  ok
      rename fifo %             ok       ok       ok       EISDIR   EISDIR     EISDIR      ok              ok       ok        ok        ENOENT   ENOTDIR  ok
      rename none %             ENOENT   ENOENT   ENOENT   ENOENT   ENOENT     ENOENT      ENOENT          ENOENT   ENOENT    ENOENT    ENOENT   ENOTDIR  ENOENT
      rename full/below/deep %  ok       ok       ok       EISDIR   ENOTEMPTY  ENOTEMPTY   ok              ok       ok        ok        ENOENT   ENOTDIR  ok
      rename spare/.. %         EBUSY    EBUSY    EBUSY    EBUSY    EBUSY      EBUSY       EBUSY           EBUSY    EBUSY     EBUSY     ENOENT   ENOTDIR  EBUSY
      rename none/x %           ENOENT   ENOENT   ENOENT   ENOENT   ENOENT     ENOENT      ENOENT          ENOENT   ENOENT    ENOENT    ENOENT   ENOENT   ENOENT
      rename other/x %          ENOTDIR  ENOTDIR  ENOTDIR  ENOTDIR  ENOTDIR    ENOTDIR     ENOTDIR         ENOTDIR  ENOTDIR   ENOTDIR   ENOTDIR  ENOTDIR  ENOTDIR
    `
    ),
    crossing(
      'renameat2 with RENAME_NOREPLACE: a name, and what is at the other one',
      `
      mkdir folder
      mkdir full
      mkdir full/below
      put full/below/deep deep
      put file file
      put other other
      put hard hard
      link hard hard2
      symlink file link
      symlink other link2
      symlink folder tofolder
      symlink none dangling
      mkfifo fifo
      mkdir spare
    `,
      `
                                   new      file     hard2    spare    full     full/below  full/below/new  link2    tofolder  dangling  none/x   file/x   folder/new
      noReplace file %             ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      noReplace hard %             ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      noReplace folder %           ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  EINVAL
      noReplace full %             ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      EINVAL          EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      noReplace full/below %       ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      EINVAL          EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      noReplace link %             ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      noReplace tofolder %         ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      noReplace dangling %         ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      noReplace fifo %             ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      noReplace none %             ENOENT   ENOENT   ENOENT   ENOENT   ENOENT   ENOENT      ENOENT          ENOENT   ENOENT    ENOENT    ENOENT   ENOTDIR  ENOENT
      noReplace full/below/deep %  ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      noReplace spare/.. %         EBUSY    EBUSY    EBUSY    EBUSY    EBUSY    EBUSY       EBUSY           EBUSY    EBUSY     EBUSY     ENOENT   ENOTDIR  EBUSY
      noReplace none/x %           ENOENT   ENOENT   ENOENT   ENOENT   ENOENT   ENOENT      ENOENT          ENOENT   ENOENT    ENOENT    ENOENT   ENOENT   ENOENT
      noReplace other/x %          ENOTDIR  ENOTDIR  ENOTDIR  ENOTDIR  ENOTDIR  ENOTDIR     ENOTDIR         ENOTDIR  ENOTDIR   ENOTDIR   ENOTDIR  ENOTDIR  ENOTDIR
    `
    ),
    crossing(
      'renameat2 with RENAME_EXCHANGE: a name, and what is at the other one',
      `
      mkdir folder
      mkdir full
      mkdir full/below
      put full/below/deep deep
      put file file
      put other other
      put hard hard
      link hard hard2
      symlink file link
      symlink other link2
      symlink folder tofolder
      symlink none dangling
      mkfifo fifo
      mkdir spare
    `,
      `
                                  new      file     hard2    spare    full     full/below  full/below/new  link2    tofolder  dangling  none/x   file/x   folder/new
      exchange file %             ENOENT   ok       ok       ok       ok       ok          ENOENT          ok       ok        ok        ENOENT   ENOTDIR  ENOENT
      exchange hard %             ENOENT   ok       ok       ok       ok       ok          ENOENT          ok       ok        ok        ENOENT   ENOTDIR  ENOENT
      exchange folder %           ENOENT   ok       ok       ok       ok       ok          ENOENT          ok       ok        ok        ENOENT   ENOTDIR  ENOENT
      exchange full %             ENOENT   ok       ok       ok       ok       EINVAL      ENOENT          ok       ok        ok        ENOENT   ENOTDIR  ENOENT
      exchange full/below %       ENOENT   ok       ok       ok       EINVAL   ok          ENOENT          ok       ok        ok        ENOENT   ENOTDIR  ENOENT
      exchange link %             ENOENT   ok       ok       ok       ok       ok          ENOENT          ok       ok        ok        ENOENT   ENOTDIR  ENOENT
      exchange tofolder %         ENOENT   ok       ok       ok       ok       ok          ENOENT          ok       ok        ok        ENOENT   ENOTDIR  ENOENT
      exchange dangling %         ENOENT   ok       ok       ok       ok       ok          ENOENT          ok       ok        ok        ENOENT   ENOTDIR  ENOENT
      exchange fifo %             ENOENT   ok       ok       ok       ok       ok          ENOENT          ok       ok        ok        ENOENT   ENOTDIR  ENOENT
      exchange none %             ENOENT   ENOENT   ENOENT   ENOENT   ENOENT   ENOENT      ENOENT          ENOENT   ENOENT    ENOENT    ENOENT   ENOTDIR  ENOENT
      exchange full/below/deep %  ENOENT   ok       ok       ok       EINVAL   EINVAL      ENOENT          ok       ok        ok        ENOENT   ENOTDIR  ENOENT
      exchange spare/.. %         EBUSY    EBUSY    EBUSY    EBUSY    EBUSY    EBUSY       EBUSY           EBUSY    EBUSY     EBUSY     ENOENT   ENOTDIR  EBUSY
      exchange none/x %           ENOENT   ENOENT   ENOENT   ENOENT   ENOENT   ENOENT      ENOENT          ENOENT   ENOENT    ENOENT    ENOENT   ENOENT   ENOENT
      exchange other/x %          ENOTDIR  ENOTDIR  ENOTDIR  ENOTDIR  ENOTDIR  ENOTDIR     ENOTDIR         ENOTDIR  ENOTDIR   ENOTDIR   ENOTDIR  ENOTDIR  ENOTDIR
    `
    ),
    crossing(
      'link: a name, and what is at the other one',
      `
      mkdir folder
      mkdir full
      mkdir full/below
      put full/below/deep deep
      put file file
      put other other
      put hard hard
      link hard hard2
      symlink file link
      symlink other link2
      symlink folder tofolder
      symlink none dangling
      mkfifo fifo
      mkdir spare
    `,
      `
                              new      file     hard2    spare    full     full/below  full/below/new  link2    tofolder  dangling  none/x   file/x   folder/new
      link file %             ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      link hard %             ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      link folder %           EPERM    EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      EPERM           EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  EPERM
      link full %             EPERM    EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      EPERM           EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  EPERM
      link full/below %       EPERM    EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      EPERM           EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  EPERM
      link link %             ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      link tofolder %         ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      link dangling %         ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      link fifo %             ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      link none %             ENOENT   ENOENT   ENOENT   ENOENT   ENOENT   ENOENT      ENOENT          ENOENT   ENOENT    ENOENT    ENOENT   ENOENT   ENOENT
      link full/below/deep %  ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      link spare/.. %         EPERM    EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      EPERM           EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  EPERM
      link none/x %           ENOENT   ENOENT   ENOENT   ENOENT   ENOENT   ENOENT      ENOENT          ENOENT   ENOENT    ENOENT    ENOENT   ENOENT   ENOENT
      link other/x %          ENOTDIR  ENOTDIR  ENOTDIR  ENOTDIR  ENOTDIR  ENOTDIR     ENOTDIR         ENOTDIR  ENOTDIR   ENOTDIR   ENOTDIR  ENOTDIR  ENOTDIR
    `
    ),
    crossing(
      'linkat with AT_SYMLINK_FOLLOW: a name, and what is at the other one',
      `
      mkdir folder
      mkdir full
      mkdir full/below
      put full/below/deep deep
      put file file
      put other other
      put hard hard
      link hard hard2
      symlink file link
      symlink other link2
      symlink folder tofolder
      symlink none dangling
      mkfifo fifo
      mkdir spare
    `,
      `
                                       new      file     hard2    spare    full     full/below  full/below/new  link2    tofolder  dangling  none/x   file/x   folder/new
      linkFollowing file %             ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      linkFollowing hard %             ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      linkFollowing folder %           EPERM    EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      EPERM           EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  EPERM
      linkFollowing full %             EPERM    EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      EPERM           EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  EPERM
      linkFollowing full/below %       EPERM    EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      EPERM           EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  EPERM
      linkFollowing link %             ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      linkFollowing tofolder %         EPERM    EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      EPERM           EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  EPERM
      linkFollowing dangling %         ENOENT   ENOENT   ENOENT   ENOENT   ENOENT   ENOENT      ENOENT          ENOENT   ENOENT    ENOENT    ENOENT   ENOENT   ENOENT
      linkFollowing fifo %             ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      linkFollowing none %             ENOENT   ENOENT   ENOENT   ENOENT   ENOENT   ENOENT      ENOENT          ENOENT   ENOENT    ENOENT    ENOENT   ENOENT   ENOENT
      linkFollowing full/below/deep %  ok       EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      ok              EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  ok
      linkFollowing spare/.. %         EPERM    EEXIST   EEXIST   EEXIST   EEXIST   EEXIST      EPERM           EEXIST   EEXIST    EEXIST    ENOENT   ENOTDIR  EPERM
      linkFollowing none/x %           ENOENT   ENOENT   ENOENT   ENOENT   ENOENT   ENOENT      ENOENT          ENOENT   ENOENT    ENOENT    ENOENT   ENOENT   ENOENT
      linkFollowing other/x %          ENOTDIR  ENOTDIR  ENOTDIR  ENOTDIR  ENOTDIR  ENOTDIR     ENOTDIR         ENOTDIR  ENOTDIR   ENOTDIR   ENOTDIR  ENOTDIR  ENOTDIR
    `
    ),
    independent(
      'renameat2 with flags it does not know, and pairs that exclude each other',
      `
      mkdir folder
      mkdir full
      mkdir full/below
      put full/below/deep deep
      put file file
      put other other
      put hard hard
      link hard hard2
      symlink file link
      symlink other link2
      symlink folder tofolder
      symlink none dangling
      mkfifo fifo
      mkdir spare
    `,
      `
      renameat2 file new 3 -> EINVAL
      renameat2 none new 3 -> EINVAL
      renameat2 file new 6 -> EINVAL
      renameat2 none new 6 -> EINVAL
      renameat2 file new 7 -> EINVAL
      renameat2 none new 7 -> EINVAL
      renameat2 file new 8 -> EINVAL
      renameat2 none new 8 -> EINVAL
      renameat2 file new 16 -> EINVAL
      renameat2 none new 16 -> EINVAL
      renameat2 file new 1048576 -> EINVAL
      renameat2 none new 1048576 -> EINVAL
    `
    )
  ]
}
