import { sequences, type Table } from './table.ts'

/** Apart from the others, for what would read all of a file. */
export const largeFiles: Table = {
  title: 'files of gigabytes, mostly holes',
  without: [],
  parts: sequences(String.raw`
    == beyond 4 GiB
      a=open file O_RDWR|O_CREAT
      pwrite a start 0 -> 5
      pwrite a end 4294967294 -> 3
      stat file size sparse -> 4294967297 yes
      pread a 5 4294967293 -> \x00end
      pread a 5 2147483646 -> \x00\x00\x00\x00\x00
      ftruncate a 8589934593 -> ok
      stat file size -> 8589934593
      pread a 2 8589934591 -> \x00\x00
      pwrite a ! 8589934592 -> 1
      pread a 2 8589934591 -> \x00!
      lseek a -1 SEEK_END -> 8589934592
      read a 5 -> !
      ftruncate a 5 -> ok
      get file -> start
    == far beyond
      a=open file O_RDWR|O_CREAT
      lseek a 1099511627776 SEEK_SET -> 1099511627776
      write a x -> 1
      stat file size sparse -> 1099511627777 yes
      pread a 2 1099511627775 -> \x00x
  `)
}
