import { sequences, type Table } from './table.ts'

export const descriptors: Table = {
  title: 'locks, mappings, pipes, vectors',
  without: ['tree'],
  parts: [
    ...sequences(String.raw`
      == flock between two descriptors of one process
        put file
        a=open file O_RDWR
        b=open file O_RDONLY
        flock a LOCK_SH -> ok
        flock b LOCK_SH|LOCK_NB -> ok
        flock a LOCK_EX|LOCK_NB -> EAGAIN
        flock b LOCK_UN -> ok
        flock a LOCK_EX|LOCK_NB -> ok
        flock b LOCK_SH|LOCK_NB -> EAGAIN
        flock b LOCK_EX|LOCK_NB -> EAGAIN
        flock a LOCK_SH|LOCK_NB -> ok
        flock b LOCK_SH|LOCK_NB -> ok
        close a
        flock b LOCK_EX|LOCK_NB -> ok
        flock b LOCK_UN -> ok
        flock b LOCK_UN -> ok
        flock nothing LOCK_EX -> EBADF
      == flock between processes
        put file
        a=open file O_RDWR
        flock a LOCK_EX -> ok
        other: a=open file O_RDWR
        other: flock a LOCK_EX|LOCK_NB -> EAGAIN
        other: flock a LOCK_SH|LOCK_NB -> EAGAIN
        flock a LOCK_SH -> ok
        other: flock a LOCK_SH|LOCK_NB -> ok
        other: flock a LOCK_EX|LOCK_NB -> EAGAIN
        close a
        other: flock a LOCK_EX|LOCK_NB -> ok
        b=open file O_RDONLY
        flock b LOCK_SH|LOCK_NB -> EAGAIN
        other: close a
        flock b LOCK_SH|LOCK_NB -> ok
      == flock of a folder
        mkdir folder
        a=open folder O_RDONLY
        flock a LOCK_EX -> ok
        other: a=open folder O_RDONLY
        other: flock a LOCK_SH|LOCK_NB -> EAGAIN
        flock a LOCK_UN -> ok
        other: flock a LOCK_SH|LOCK_NB -> ok
      == flock stays with the file when it is renamed or unlinked
        put file
        a=open file O_RDWR
        flock a LOCK_EX
        rename file moved
        other: a=open moved O_RDWR
        other: flock a LOCK_EX|LOCK_NB -> EAGAIN
        unlink moved
        other: flock a LOCK_EX|LOCK_NB -> EAGAIN
        put moved
        other: b=open moved O_RDWR
        other: flock b LOCK_EX|LOCK_NB -> ok
        close a
        other: flock a LOCK_EX|LOCK_NB -> ok
      == a lock of a range keeps others out of it, and only of it
        put file 0123456789
        a=open file O_RDWR
        other: a=open file O_RDWR
        lock a F_SETLK F_WRLCK 2 4 -> ok
        other: lock a F_SETLK F_WRLCK 0 2 -> ok
        other: lock a F_SETLK F_WRLCK 6 0 -> ok
        other: lock a F_SETLK F_RDLCK 5 1 -> EAGAIN
        other: lock a F_SETLK F_WRLCK 0 0 -> EAGAIN
        other: lock a F_GETLK F_WRLCK 0 0 -> F_WRLCK 2 4
        lock a F_GETLK F_WRLCK 0 0 -> F_WRLCK 0 2
        lock a F_GETLK F_RDLCK 6 1 -> F_WRLCK 6 0
        lock a F_SETLK F_WRLCK 5 5 -> EAGAIN
        lock a F_SETLK F_UNLCK 3 1 -> ok
        other: lock a F_SETLK F_WRLCK 3 1 -> ok
        other: lock a F_GETLK F_WRLCK 2 1 -> F_WRLCK 2 1
        other: lock a F_GETLK F_WRLCK 4 1 -> F_WRLCK 4 2
      == locks to read are shared
        put file 0123456789
        a=open file O_RDWR
        other: a=open file O_RDWR
        lock a F_SETLK F_RDLCK 0 10 -> ok
        other: lock a F_SETLK F_RDLCK 5 10 -> ok
        other: lock a F_SETLK F_WRLCK 5 10 -> EAGAIN
        lock a F_SETLK F_WRLCK 0 5 -> ok
        other: lock a F_GETLK F_RDLCK 0 5 -> F_WRLCK 0 5
        lock a F_SETLK F_UNLCK 0 0 -> ok
        other: lock a F_SETLK F_WRLCK 0 10 -> ok
        lock a F_GETLK F_RDLCK 0 0 -> F_WRLCK 0 10
      == locks of a process go with the first descriptor it closes
        put file 0123456789
        a=open file O_RDWR
        b=open file O_RDWR
        lock a F_SETLK F_WRLCK 0 10 -> ok
        lock b F_SETLK F_WRLCK 0 10 -> ok
        close b
        other: a=open file O_RDWR
        other: lock a F_SETLK F_WRLCK 0 10 -> ok
      == locks of an open file description go with the last
        put file 0123456789
        a=open file O_RDWR
        b=open file O_RDWR
        lock a F_OFD_SETLK F_WRLCK 0 10 -> ok
        lock b F_OFD_SETLK F_WRLCK 0 10 -> EAGAIN
        lock b F_OFD_GETLK F_WRLCK 0 10 -> F_WRLCK 0 10
        close b
        other: a=open file O_RDWR
        other: lock a F_SETLK F_WRLCK 0 10 -> EAGAIN
        close a
        other: lock a F_SETLK F_WRLCK 0 10 -> ok
      == what a descriptor may lock
        put file
        a=open file O_RDONLY
        b=open file O_WRONLY
        lock a F_SETLK F_RDLCK 0 1 -> ok
        lock a F_SETLK F_WRLCK 0 1 -> EBADF
        lock b F_SETLK F_WRLCK 0 1 -> ok
        lock b F_SETLK F_RDLCK 0 1 -> EBADF
        lock a F_SETLK F_RDLCK -1 1 -> EINVAL
        lock nothing F_SETLK F_RDLCK 0 1 -> EBADF
        lock b F_SETLK F_WRLCK 9223372036854775807 1 -> lock failed: RangeError [ERR_OUT_OF_RANGE]: The value of "value" is out of range. It must be >= -(2n ** 63n) and < 2n ** 63n. Received 9_223_372_036_854_775_808n
      == flock and fcntl know nothing of each other
        put file
        a=open file O_RDWR
        flock a LOCK_EX
        other: a=open file O_RDWR
        other: lock a F_SETLK F_WRLCK 0 0 -> ok
        other: flock a LOCK_SH|LOCK_NB -> EAGAIN
        lock a F_SETLK F_WRLCK 0 0 -> EAGAIN
      == a mapping reads the file
        put file hello
        a=open file O_RDWR
        m=map a 5 PROT_READ|PROT_WRITE MAP_SHARED -> ok
        peek m 0 5 -> hello
        munmap m -> ok
      == a shared mapping writes the file, a private one does not
        a=open file O_RDWR|O_CREAT
        write a <a*10000>
        s=map a 10000 PROT_READ|PROT_WRITE MAP_SHARED
        p=map a 10000 PROT_READ|PROT_WRITE MAP_PRIVATE
        poke s 5000 shared
        poke p 100 private
        msync s -> ok
        pread a 6 5000 -> shared
        pread a 7 100 -> aaaaaaa
        peek p 100 7 -> private
        peek p 5000 6 -> shared
        peek s 100 7 -> aaaaaaa
        munmap s
        munmap p
        close a
        get file -> <a*5000>shared<a*4994>
      == what is written shows in a mapping, and the other way
        a=open file O_RDWR|O_CREAT
        write a <a*8192>
        s=map a 8192 PROT_READ|PROT_WRITE MAP_SHARED
        peek s 0 3 -> aaa
        pwrite a one 0
        peek s 0 3 -> one
        pwrite a two 4095
        peek s 4095 3 -> two
        poke s 4090 three
        pread a 5 4090 -> three
        other: b=open file O_RDONLY
        other: pread b 5 4090 -> three
      == mappings of two processes are one memory
        a=open file O_RDWR|O_CREAT
        ftruncate a 8192
        s=map a 8192 PROT_READ|PROT_WRITE MAP_SHARED
        other: a=open file O_RDWR
        other: s=map a 8192 PROT_READ|PROT_WRITE MAP_SHARED
        poke s 5000 hello
        other: peek s 5000 5 -> hello
        other: poke s 10 back
        peek s 10 4 -> back
      == a mapping outlives its descriptor and its name
        a=open file O_RDWR|O_CREAT
        write a <a*4096>
        s=map a 4096 PROT_READ|PROT_WRITE MAP_SHARED
        link file second
        close a
        unlink file
        poke s 10 kept
        msync s -> ok
        munmap s
        b=open second O_RDONLY
        pread b 4 10 -> kept
      == what of a mapping lies beyond the end is not written
        put file abc
        a=open file O_RDWR
        s=map a 4096 PROT_READ|PROT_WRITE MAP_SHARED
        peek s 0 6 -> abc\x00\x00\x00
        poke s 2 CDEF
        msync s -> ok
        munmap s
        get file -> abC
        stat file size -> 3
      == a mapping of a hole
        a=open file O_RDWR|O_CREAT
        ftruncate a 100000
        s=map a 100000 PROT_READ|PROT_WRITE MAP_SHARED
        peek s 50000 5 -> \x00\x00\x00\x00\x00
        poke s 50000 hello
        msync s -> ok
        pread a 7 49999 -> \x00hello\x00
        stat file size -> 100000
      == a mapping moves mtime and ctime, when it is written
        put file <a*100>
        a=open file O_RDWR
        s=map a 100 PROT_READ|PROT_WRITE MAP_SHARED
        mark file
        poke s 0 x
        msync s
        moved file -> mc
      == what a descriptor lets be mapped
        put file abc
        r=open file O_RDONLY
        w=open file O_WRONLY
        map r 3 PROT_READ MAP_SHARED -> ok
        map r 3 PROT_READ|PROT_WRITE MAP_SHARED -> EACCES
        map r 3 PROT_READ|PROT_WRITE MAP_PRIVATE -> ok
        map w 3 PROT_READ MAP_SHARED -> EACCES
        map w 3 PROT_WRITE MAP_SHARED -> EACCES
        map r 0 PROT_READ MAP_SHARED -> EINVAL
        map nothing 3 PROT_READ MAP_SHARED -> EBADF
        mkdir folder
        d=open folder O_RDONLY
        map d 3 PROT_READ MAP_SHARED -> ENODEV
      == readv and writev
        a=open file O_RDWR|O_CREAT
        writev a one,two,three -> 11
        get file -> onetwothree
        readv a 3 -> ''
        lseek a 0 SEEK_SET
        readv a 2,4,100 -> on,etwo,three
        readv a 2,4,10 1 -> ne,twot,hree
        writev a ONE,TWO 3 -> 6
        get file -> oneONETWOee
        readv a 5,5 100 -> '',''
        writev a x,y -> 2
        get file -> oneONETWOeexy
      == a file without a name
        @owner a=open . O_RDWR|O_TMPFILE 0640 -> ok
        list . -> nothing
    `),
    ...sequences(`
      == a named pipe carries bytes
        mkfifo fifo
        a=open fifo O_RDONLY|O_NONBLOCK -> ok
        b=open fifo O_WRONLY|O_NONBLOCK -> ok
        write b hello -> 5
        read a 100 -> hello
        close b
        read a 100 -> ''
        open fifo O_WRONLY|O_NONBLOCK -> ok
        close a
        open fifo O_WRONLY|O_NONBLOCK -> ENXIO
        stat fifo size type -> 0 fifo
      == one between processes, also by its other name
        mkfifo fifo
        link fifo second
        a=open fifo O_RDWR|O_NONBLOCK
        other: b=open second O_WRONLY|O_NONBLOCK -> ok
        other: write b hello -> 5
        read a 5 -> hello
      == devices are not opened where nodev says so
        mknod c character 0666 259
        mknod b block 0666 259
        mknod s socket 0666
        open s O_RDWR -> ENXIO
      == O_PATH
        put file hello
        mkdir folder
        symlink file link
        a=open file O_PATH -> ok
        read a 1 -> EBADF
        write a x -> EBADF
        fstat a type size -> file 5
        fchmod a 0600 -> EBADF
        b=open folder O_PATH|O_DIRECTORY -> ok
        fstat b type -> folder
        c=open link O_PATH|O_NOFOLLOW -> ok
        fstat c type -> link
        open file O_PATH|O_DIRECTORY -> ENOTDIR
    `)
  ]
}
