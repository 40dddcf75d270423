import { crossing, sequences, type Table } from './table.ts'

export const content: Table = {
  title: 'reading and writing',
  without: [],
  parts: [
    ...sequences(String.raw`
      == written, read, sought
        a=open file O_RDWR|O_CREAT
        write a hello -> 5
        lseek a 0 SEEK_CUR -> 5
        read a 5 -> ''
        lseek a 0 SEEK_SET -> 0
        read a 2 -> he
        read a 100 -> llo
        read a 100 -> ''
        lseek a -2 SEEK_END -> 3
        read a 100 -> lo
        lseek a -6 SEEK_END -> EINVAL
        lseek a 10 SEEK_END -> 15
        read a 1 -> ''
        lseek a -1 SEEK_SET -> EINVAL
        lseek a 0 9 -> lseek failed: Error: no such flag: 9
      == pread and pwrite leave the position
        a=open file O_RDWR|O_CREAT
        pwrite a hello 0 -> 5
        lseek a 0 SEEK_CUR -> 0
        pread a 3 1 -> ell
        pread a 3 4 -> o
        pread a 3 5 -> ''
        pread a 3 6 -> ''
        pread a 0 0 -> ''
        pread a 3 -1 -> hel
        pwrite a J 0 -> 1
        get file -> Jello
      == a descriptor that only reads, or only writes
        put file hello
        a=open file O_RDONLY
        b=open file O_WRONLY
        write a x -> EBADF
        pwrite a x 0 -> EBADF
        ftruncate a 0 -> EINVAL
        read b 1 -> EBADF
        pread b 1 0 -> EBADF
        ftruncate b 1 -> ok
        get file -> h
      == a descriptor that is closed
        a=open file O_RDWR|O_CREAT
        close a -> ok
        read a 1 -> EBADF
        write a x -> EBADF
        lseek a 0 SEEK_SET -> EBADF
        ftruncate a 0 -> EBADF
        fstat a -> EBADF
        fchmod a 0600 -> EBADF
        fchown a 1 1 -> EBADF
        futimens a now now -> EBADF
        fsync a -> EBADF
        close a -> EBADF
      == a folder as a descriptor
        mkdir folder
        a=open folder O_RDONLY
        read a 1 -> EISDIR
        write a x -> EBADF
        ftruncate a 0 -> EINVAL
        fsync a -> ok
        fdatasync a -> ok
        fchmod a 0700 -> ok
        stat folder mode -> 0700
      == O_APPEND writes at the end, wherever it stands
        put file 12345
        a=open file O_RDWR|O_APPEND
        read a 2 -> 12
        write a x -> 1
        lseek a 0 SEEK_CUR -> 6
        b=open file O_WRONLY|O_APPEND
        write b y -> 1
        write a z -> 1
        get file -> 12345xyz
        lseek a 0 SEEK_SET
        write a end -> 3
        get file -> 12345xyzend
        truncate file 2
        write b ! -> 1
        get file -> 12!
      == O_TRUNC empties for one who only reads, too
        put file 12345
        a=open file O_RDONLY|O_TRUNC -> ok
        fstat a size -> 0
        read a 5 -> ''
        get file -> ''
        put file 12345
        open file O_RDONLY|O_CREAT|O_TRUNC -> ok
        get file -> ''
        stat file size -> 0
      == O_TRUNC empties, without O_TRUNC nothing is lost
        put file 12345
        open file O_WRONLY|O_CREAT -> ok
        stat file size -> 5
        open file O_WRONLY|O_TRUNC -> ok
        stat file size -> 0
        put file 12345
        a=open file O_RDWR
        open file O_WRONLY|O_TRUNC
        read a 5 -> ''
        write a xy -> 2
        get file -> xy
      == written beyond the end: a hole of zeros
        a=open file O_RDWR|O_CREAT
        pwrite a end 100 -> 3
        stat file size -> 103
        pread a 10 0 -> <\x00*10>
        pread a 10 95 -> \x00\x00\x00\x00\x00end
        pwrite a mid 50 -> 3
        get file -> <\x00*50>mid<\x00*47>end
      == truncated to longer and shorter
        put file abcdef
        truncate file 3 -> ok
        get file -> abc
        truncate file 6 -> ok
        get file -> abc\x00\x00\x00
        truncate file 0 -> ok
        get file -> ''
        truncate file 5 -> ok
        get file -> \x00\x00\x00\x00\x00
        truncate file -1 -> EINVAL
        stat file size -> 5
      == what was cut off within a page comes back as zeros
        a=open file O_RDWR|O_CREAT
        write a <x*9000>
        ftruncate a 5000 -> ok
        ftruncate a 9000 -> ok
        pread a 10 4995 -> xxxxx\x00\x00\x00\x00\x00
        pread a 10 8995 -> \x00\x00\x00\x00\x00
        pwrite a y 8000 -> 1
        pread a 3 7999 -> \x00y\x00
      == a file of many pages, rewritten in the middle
        a=open file O_RDWR|O_CREAT
        write a <a*70000> -> 70000
        pwrite a <b*10000> 30000 -> 10000
        pread a 3 29999 -> abb
        pread a 3 39998 -> bba
        stat file size -> 70000
        get file -> <a*30000><b*10000><a*30000>
      == an unlinked file lives while it is open
        a=open file O_RDWR|O_CREAT
        write a hello
        unlink file -> ok
        stat file -> ENOENT
        fstat a links size -> 0 5
        pread a 5 0 -> hello
        pwrite a more 5 -> 4
        fstat a size -> 9
        ftruncate a 2 -> ok
        pread a 9 0 -> he
        fchmod a 0600 -> ok
        fchown a 1 2 -> ok
        fstat a mode uid gid -> 0600 1 2
        fsync a -> ok
        put file other
        pread a 9 0 -> he
        get file -> other
      == a file that was replaced lives while it is open
        put file old
        a=open file O_RDWR
        put new new
        rename new file -> ok
        pread a 9 0 -> old
        pwrite a OLD 0 -> 3
        fstat a links -> 0
        get file -> new
      == an unlinked file that others read while one closes
        put file hello
        a=open file O_RDONLY
        b=open file O_RDWR
        unlink file
        close b -> ok
        pread a 9 0 -> hello
        fstat a links -> 0
      == a removed folder lives while it is open
        mkdir folder
        a=open folder O_RDONLY
        rmdir folder -> ok
        fstat a links -> 0
        stat folder -> ENOENT
        fchmod a 0700 -> ok
        mkdir folder
        put folder/file
        fstat a mode -> 0700
      == in a folder that was removed nothing is made
        mkdir folder
        chdir folder
        rmdir ../folder -> ok
        put file x -> ENOENT
        mkdir sub -> ENOENT
        symlink a b -> ENOENT
        mkfifo fifo -> ENOENT
        stat . links -> 0
        stat .. type -> folder
        list . -> ENOENT
        link ../.probe x -> ENOENT
      == two descriptors see the same bytes at once
        a=open file O_RDWR|O_CREAT
        b=open file O_RDWR
        pwrite a one 0
        pread b 9 0 -> one
        pwrite b two 3
        pread a 9 0 -> onetwo
        ftruncate a 2
        pread b 9 0 -> on
        fstat b size -> 2
      == by both names of a hard link
        put file one
        link file second
        a=open second O_RDWR|O_APPEND
        write a two
        get file -> onetwo
        truncate file 1
        get second -> o
        unlink file
        get second -> o
      == writing nothing changes nothing
        a=open file O_RDWR|O_CREAT
        write a '' -> 0
        pwrite a '' 100 -> 0
        stat file size -> 0
        read a 0 -> ''
      == synchronized writes
        a=open file O_RDWR|O_CREAT|O_SYNC
        write a x -> 1
        b=open file O_RDWR|O_DSYNC
        pwrite b y 1 -> 1
        fsync a -> ok
        fdatasync b -> ok
        get file -> xy
      == a file made with no rights is still written by who made it
        @stranger a=open file O_RDWR|O_CREAT 0000
        @stranger write a secret -> 6
        @stranger pread a 9 0 -> secret
        @stranger open file O_RDONLY -> EACCES
        stat file mode uid size -> 0000 2004 6
      == a file made to read and to write nothing
        a=open file O_RDONLY|O_CREAT 0644
        read a 1 -> ''
        write a x -> EBADF
        stat file size mode -> 0 0644
      == O_EXCL makes once
        open file O_WRONLY|O_CREAT|O_EXCL -> ok
        open file O_WRONLY|O_CREAT|O_EXCL -> EEXIST
        unlink file
        symlink target file
        open file O_WRONLY|O_CREAT|O_EXCL -> EEXIST
        stat target -> ENOENT
      == O_CREAT through a dangling link makes its target
        symlink target link
        put link content -> ok
        lstat link type -> link
        get target -> content
        rename target elsewhere
        get link -> ENOENT
    `),
    crossing(
      'sizes and positions of one write',
      `
      a=open file O_RDWR|O_CREAT
      write a <x*4096>
    `,
      `
                            0         1         4095   4096   4097   8191   65535  65536  131071  1048576
      pwrite a y %          1         1         1      1      1      1      1      1      1       1
      pwrite a <y*2> %      2         2         2      2      2      2      2      2      2       2
      pwrite a <y*4096> %   4096      4096      4096   4096   4096   4096   4096   4096   4096    4096
      pwrite a <y*4097> %   4097      4097      4097   4097   4097   4097   4097   4097   4097    4097
      pwrite a <y*70000> %  70000     70000     70000  70000  70000  70000  70000  70000  70000   70000
      pread a 1 %           x         x         x      ''     ''     ''     ''     ''     ''      ''
      pread a 2 %           xx        xx        x      ''     ''     ''     ''     ''     ''      ''
      pread a 4096 %        <x*4096>  <x*4095>  x      ''     ''     ''     ''     ''     ''      ''
      ftruncate a %         ok        ok        ok     ok     ok     ok     ok     ok     ok      ok
      truncate file %       ok        ok        ok     ok     ok     ok     ok     ok     ok      ok
      lseek a % SEEK_SET    0         1         4095   4096   4097   8191   65535  65536  131071  1048576
      lseek a % SEEK_END    4096      4097      8191   8192   8193   12287  69631  69632  135167  1052672
    `
    )
  ]
}
