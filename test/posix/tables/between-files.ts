import { independent, sequences, type Table } from './table.ts'

export const betweenFiles: Table = {
  title: 'files without names, other file systems, other processes',
  without: ['tree'],
  parts: [
    ...sequences(`
      == a file without a name
        mkdir folder 0777
        @owner a=open folder O_RDWR|O_TMPFILE 0640 -> ok
        list folder -> nothing
        fstat a links uid gid mode size type -> 0 2001 2001 0640 0 file
        @owner write a hello -> 5
        pread a 9 0 -> hello
        ftruncate a 3 -> ok
        fchmod a 0600 -> ok
        fsetxattr a user.a x -> ok
        linkDescriptor a folder/named -> ok
        get folder/named -> hel
        getxattr folder/named user.a -> x
        stat folder/named links mode uid -> 1 0600 2001
        linkDescriptor a folder/named -> EEXIST
        linkDescriptor a second -> ok
        fstat a links -> 2
        pwrite a more 3 -> 4
        get second -> helmore
        close a
        unlink folder/named
        get second -> helmore
      == one that is forgotten leaves nothing
        mkdir folder
        a=open folder O_WRONLY|O_TMPFILE 0600
        write a <x*10000>
        close a -> ok
        list folder -> nothing
        rmdir folder -> ok
      == one with O_EXCL gets no name
        mkdir folder
        a=open folder O_RDWR|O_TMPFILE|O_EXCL 0600 -> ok
        write a x -> 1
        linkDescriptor a folder/named -> ENOENT
        list folder -> nothing
      == what O_TMPFILE asks for
        mkdir folder
        put file x
        open folder O_RDONLY|O_TMPFILE -> EINVAL
        open folder O_RDWR|O_TMPFILE|O_CREAT -> EINVAL
        open file O_RDWR|O_TMPFILE -> ENOTDIR
        open none O_RDWR|O_TMPFILE -> ENOENT
        open none/x O_RDWR|O_TMPFILE -> ENOENT
        mkdir shut 0755
        @stranger open shut O_RDWR|O_TMPFILE -> EACCES
        chmod shut 0777
        @stranger open shut O_RDWR|O_TMPFILE -> ok
      == it moves no time of its folder, and takes its group
        mkdir folder 0777
        chown folder 0 2009
        chmod folder 2777
        mark folder
        @stranger a=open folder O_RDWR|O_TMPFILE 0600
        moved folder -> none
        fstat a uid gid -> 2004 2009
        linkDescriptor a folder/named
        moved folder -> mc
      == a removed file gets no new name
        put file x
        a=open file O_RDWR
        unlink file
        linkDescriptor a again -> ENOENT
        list . -> nothing
      == of an open file that has one, another
        put file x
        a=open file O_RDONLY
        linkDescriptor a again -> ok
        stat again links -> 2
        linkDescriptor a file -> EEXIST
        linkDescriptor a none/x -> ENOENT
    `),
    independent(
      'nothing is linked or moved between file systems',
      `
      put file x
      mkdir folder
      symlink /proc/version away
    `,
      `
      link file /proc/new -> ENOENT
      link file /proc/version -> EEXIST
      link /proc/version new -> EXDEV
      linkFollowing away new -> EXDEV
      link away new -> ok
      rename file /proc/new -> EXDEV
      rename file /proc/version -> EXDEV
      rename /proc/version new -> EXDEV
      rename folder /proc/new -> EXDEV
      noReplace file /proc/new -> EXDEV
      exchange file /proc/version -> EXDEV
    `
    ),
    ...sequences(`
      == sizes beyond what a file may have
        a=open file O_RDWR|O_CREAT
        ftruncate a 9007199254740992000 -> EFBIG|tmpfs:ok
        stat file size -> 0|tmpfs:9007199254740992000
        ftruncate a -9007199254740992000 -> EINVAL
        pwrite a x 9223372036854775000 -> EFBIG|tmpfs:1
        stat file size -> 0|tmpfs:9223372036854775000
        truncate file 9007199254740992000 -> EFBIG|tmpfs:ok
        lseek a 9007199254740992000 SEEK_SET -> EINVAL|tmpfs,mount:9007199254740992000
      == what fsync and its like say
        put file x
        mkdir folder
        mkfifo fifo
        symlink file link
        a=open file O_RDONLY
        d=open folder O_RDONLY
        f=open fifo O_RDWR|O_NONBLOCK
        p=open file O_PATH
        fsync a -> ok
        fdatasync a -> ok
        fsync d -> ok
        fdatasync d -> ok
        fsync f -> EINVAL
        fsync p -> EBADF
        fsync nothing -> EBADF
      == appending by many descriptors
        a=open file O_WRONLY|O_CREAT|O_APPEND
        b=open file O_WRONLY|O_APPEND
        other: c=open file O_WRONLY|O_APPEND
        write a 1
        other: write c 2
        write b 3
        other: write c 4
        write a 5
        get file -> 12345
        a2=open file O_RDWR
        pwrite a2 X 2
        other: write c 6
        get file -> 12X456
      == what one process unlinks the other still reads, and what it makes the other sees
        put file one
        other: a=open file O_RDWR
        unlink file -> ok
        other: pread a 9 0 -> one
        other: stat file -> ENOENT
        put file two
        other: get file -> two
        other: pread a 9 0 -> one
        rename file moved
        other: stat file -> ENOENT
        other: get moved -> two
        other: put moved three
        get moved -> three
        mkdir folder
        other: list . -> folder moved
        other: rmdir folder
        stat folder -> ENOENT
        other: chmod moved 0600
        stat moved mode -> 0600
      == what was not there a moment ago is there when another made it
        stat late -> ENOENT
        other: put late x
        stat late -> ok
        get late -> x
        other: unlink late
        stat late -> ENOENT
        open late O_WRONLY|O_CREAT|O_EXCL -> ok
        other: open late O_WRONLY|O_CREAT|O_EXCL -> EEXIST
    `)
  ]
}
