import { sequences, type Table } from './table.ts'

export const allocation: Table = {
  title: 'allocating, holes, and copies within the kernel',
  without: ['tree'],
  parts: [
    ...sequences(String.raw`
      == plain: the size grows, what was there stays, the rest is zeros
        a=open file O_RDWR|O_CREAT
        write a hello
        fallocate a none 0 100 -> ok
        stat file size -> 100
        pread a 10 0 -> hello\x00\x00\x00\x00\x00
        fallocate a none 10 20 -> ok
        stat file size -> 100
        fallocate a none 200 50 -> ok
        stat file size -> 250
        pread a 5 245 -> \x00\x00\x00\x00\x00
      == KEEP_SIZE: the size stays
        a=open file O_RDWR|O_CREAT
        write a hello
        fallocate a KEEP_SIZE 0 100000 -> ok
        stat file size -> 5
        get file -> hello
        fallocate a KEEP_SIZE 1000000 10 -> ok
        stat file size -> 5
      == PUNCH_HOLE: zeros, the size stays
        a=open file O_RDWR|O_CREAT
        write a <x*20000>
        fallocate a PUNCH_HOLE|KEEP_SIZE 5000 10000 -> ok
        stat file size -> 20000
        pread a 6 4997 -> xxx\x00\x00\x00
        pread a 6 14997 -> \x00\x00\x00xxx
        pread a 100 9000 -> <\x00*100>
        fallocate a PUNCH_HOLE|KEEP_SIZE 19000 5000 -> ok
        stat file size -> 20000
        pread a 6 18997 -> xxx\x00\x00\x00
        fallocate a PUNCH_HOLE|KEEP_SIZE 30000 5000 -> ok
        stat file size -> 20000
        fallocate a PUNCH_HOLE 0 10 -> EOPNOTSUPP
        pread a 3 0 -> xxx
      == ZERO_RANGE: zeros, the size grows unless kept
        a=open file O_RDWR|O_CREAT
        write a <x*10000>
        fallocate a ZERO_RANGE 100 50 -> ok|tmpfs:EOPNOTSUPP
        pread a 54 98 -> xx<\x00*50>xx|tmpfs:<x*54>
        fallocate a ZERO_RANGE 9990 100 -> ok|tmpfs:EOPNOTSUPP
        stat file size -> 10090|tmpfs:10000
        fallocate a ZERO_RANGE|KEEP_SIZE 10080 100 -> ok|tmpfs:EOPNOTSUPP
        stat file size -> 10090|tmpfs:10000
        pread a 4 9988 -> xx\x00\x00|tmpfs:xxxx
      == modes it does not have, and pairs that exclude each other
        a=open file O_RDWR|O_CREAT
        write a <x*8192>
        fallocate a PUNCH_HOLE|ZERO_RANGE|KEEP_SIZE 0 4096 -> EOPNOTSUPP
        fallocate a COLLAPSE_RANGE|ZERO_RANGE 0 4096 -> EOPNOTSUPP
        fallocate a PUNCH_HOLE 0 4096 -> EOPNOTSUPP
        stat file size -> 8192
      == positions and lengths
        a=open file O_RDWR|O_CREAT
        fallocate a none -1 10 -> EINVAL
        fallocate a none 0 -1 -> EINVAL
        fallocate a none 0 0 -> EINVAL
        fallocate a none 9223372036854775000 100000 -> EFBIG
        stat file size -> 0
      == what is no file, or not open to write
        put file hello
        mkdir folder
        mkfifo fifo
        r=open file O_RDONLY
        d=open folder O_RDONLY
        f=open fifo O_RDWR|O_NONBLOCK
        fallocate r none 0 100 -> EBADF
        fallocate d none 0 100 -> EBADF
        fallocate f none 0 100 -> ESPIPE
        fallocate nothing none 0 100 -> EBADF
      == times, and set-id bits
        put file hello 04777
        a=open file O_RDWR
        mark file
        fallocate a none 0 100 -> ok
        moved file -> mc
        mark file
        fallocate a PUNCH_HOLE|KEEP_SIZE 0 2 -> ok
        moved file -> mc
        @stranger b=open file O_RDWR
        @stranger fallocate b none 0 200 -> ok
        stat file mode -> 0777
      == SEEK_DATA and SEEK_HOLE of a file that is all data
        put file <x*10000>
        a=open file O_RDONLY
        lseek a 0 SEEK_DATA -> 0
        lseek a 5000 SEEK_DATA -> 5000
        lseek a 0 SEEK_HOLE -> 10000
        lseek a 9999 SEEK_HOLE -> 10000
        lseek a 10000 SEEK_HOLE -> ENXIO
        lseek a 10000 SEEK_DATA -> ENXIO
        lseek a -1 SEEK_DATA -> ENXIO
        lseek a 20000 SEEK_HOLE -> ENXIO
        read a 1 -> ''
      == of an empty file, and one that is all hole
        a=open file O_RDWR|O_CREAT
        lseek a 0 SEEK_DATA -> ENXIO
        lseek a 0 SEEK_HOLE -> ENXIO
        ftruncate a 1048576
        lseek a 0 SEEK_DATA -> ENXIO
        lseek a 0 SEEK_HOLE -> 0
        lseek a 500000 SEEK_HOLE -> 500000
      == of one with a hole in the middle
        a=open file O_RDWR|O_CREAT
        pwrite a <x*65536> 0
        pwrite a <x*65536> 1048576
        lseek a 0 SEEK_DATA -> 0
        lseek a 0 SEEK_HOLE -> 65536
        lseek a 65536 SEEK_DATA -> 1048576
        lseek a 70000 SEEK_HOLE -> 70000
        lseek a 1048576 SEEK_HOLE -> 1114112
        lseek a 1114112 SEEK_DATA -> ENXIO
      == of one with a hole punched
        a=open file O_RDWR|O_CREAT
        write a <x*1048576>
        fallocate a PUNCH_HOLE|KEEP_SIZE 262144 524288
        lseek a 0 SEEK_HOLE -> 262144
        lseek a 262144 SEEK_DATA -> 786432
        lseek a 786432 SEEK_HOLE -> 1048576
        stat file sparse size -> yes 1048576
      == copy_file_range between files
        put from 0123456789
        a=open from O_RDONLY
        b=open to O_RDWR|O_CREAT
        copyRange a 2 b 0 5 -> 5
        get to -> 23456
        copyRange a 8 b 5 100 -> 2
        get to -> 2345689
        copyRange a 10 b 0 5 -> 0
        copyRange a 100 b 0 5 -> 0
        copyRange a 0 b 20 3 -> 3
        get to -> 2345689<\x00*13>012
        copyRange a 0 b 0 0 -> 0
      == copy_file_range at the descriptors' own positions
        put from 0123456789
        a=open from O_RDONLY
        b=open to O_RDWR|O_CREAT
        lseek a 3 SEEK_SET
        write b ab
        copyRange a -1 b -1 4 -> 4
        lseek a 0 SEEK_CUR -> 7
        lseek b 0 SEEK_CUR -> 6
        get to -> ab3456
        copyRange a 0 b -1 2 -> 2
        lseek a 0 SEEK_CUR -> 7
        get to -> ab345601
      == copy_file_range within a file
        put file 0123456789
        a=open file O_RDWR
        copyRange a 0 a 20 5 -> 5
        get file -> 0123456789<\x00*10>01234
        copyRange a 0 a 3 5 -> EINVAL
        copyRange a 3 a 0 5 -> EINVAL
        copyRange a 5 a 0 5 -> 5
        get file -> 5678956789<\x00*10>01234
      == copy_file_range of much
        a=open from O_RDWR|O_CREAT
        write a <a*300000>
        write a <b*300000>
        b=open to O_RDWR|O_CREAT
        copyRange a 100000 b 50 400000 -> 400000
        stat to size -> 400050
        pread b 4 199 -> aaaa
        pread b 4 200048 -> aabb
        pread b 4 0 -> \x00\x00\x00\x00
        fsync b
        get from -> <a*300000><b*300000>
      == what copy_file_range refuses
        put file 0123456789
        mkdir folder
        mkfifo fifo
        r=open file O_RDONLY
        w=open to O_WRONLY|O_CREAT
        p=open to O_WRONLY|O_APPEND
        d=open folder O_RDONLY
        f=open fifo O_RDWR|O_NONBLOCK
        copyRange w 0 w 10 5 -> EBADF
        copyRange r 0 r 10 5 -> EBADF
        copyRange r 0 p 0 5 -> EBADF
        copyRange d 0 w 0 5 -> EISDIR
        copyRange r 0 d 0 5 -> EISDIR
        copyRange f -1 w 0 5 -> EINVAL
        copyRange r 0 nothing 0 5 -> EBADF
        copyRange r 0 w 0 5 -> 5
        get to -> 01234
      == a copy moves the times of what it writes
        put from 0123456789
        put to x
        a=open from O_RDONLY
        b=open to O_RDWR
        mark from to
        copyRange a 0 b 0 5
        moved to -> mc
    `)
  ]
}
