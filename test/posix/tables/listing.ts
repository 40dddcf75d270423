import { sequences, type Table } from './table.ts'

/** `command` for each number below 120, in place of `%`. */
function each(command: string): string {
  const numbers = Array.from({ length: 120 }, (_, index) => String(index).padStart(3, '0'))
  return numbers.map(number => command.replaceAll('%', number)).join('\n')
}

export const listing: Table = {
  title: 'folders that change while they are listed',
  without: [],
  parts: sequences(`
    == page by page every name shows once
      ${each('put f%')}
      a=open . O_RDONLY|O_DIRECTORY
      pages a 256 -> 122 122
      lseek a 0 SEEK_SET -> 0
      pages a 8192 -> 122 122
    == every name shows, though those before it are removed
      ${each('put f%')}
      a=open . O_RDONLY|O_DIRECTORY
      removeListed a 256 f -> 120
      list . -> nothing
    == what stays shows once, whatever comes and goes
      ${each('put keep%\nput gone%')}
      a=open . O_RDONLY|O_DIRECTORY
      readSome a 256
      ${each('unlink gone%\nput new%')}
      rest a keep -> 120 0
    == behind each entry follows the one that followed, also when others are gone
      ${each('put f%')}
      a=open . O_RDONLY|O_DIRECTORY
      seekEach a -> ok
      unlink f007
      unlink f111
      put other
      seekEach a -> ok
    == from the start it shows what changed
      put one
      a=open . O_RDONLY|O_DIRECTORY
      entries a -> . .. one
      entries a -> nothing
      put two
      unlink one
      lseek a 0 SEEK_SET -> 0
      entries a -> . .. two
    == a rename of each entry as it is listed ends, and keeps all
      ${each('put f%')}
      a=open . O_RDONLY|O_DIRECTORY
      renameListed a 256 f g -> 120
      pages a 256 -> 0 0
      lseek a 0 SEEK_SET
      pages a 256 -> 122 122
    == types are listed
      put file
      mkdir folder
      symlink x link
      mkfifo fifo
      mknod socket socket
      a=open . O_RDONLY|O_DIRECTORY
      types a -> fifo:1 file:8 folder:4 link:10 socket:12
      b=open folder O_RDONLY|O_DIRECTORY
      types b -> nothing
    == what is no folder, what is not open, and too little room
      put file
      a=open file O_RDONLY
      entries a -> ENOTDIR
      entries nothing -> EBADF
      mkdir folder
      b=open folder O_RDONLY
      pages b 24 -> 2 2
      lseek b 0 SEEK_SET
      pages b 23 -> EINVAL
      close b
      entries b -> EBADF
    == a folder that was removed has no entries left
      mkdir folder
      a=open folder O_RDONLY
      rmdir folder
      entries a -> ENOENT
      pages a 256 -> ENOENT
  `)
}
