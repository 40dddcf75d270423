import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { mountMfs } from './mount-mfs.ts'
import { canMount, shell } from './mounted.ts'

const seeker = fileURLToPath(new URL('./seek-process.ts', import.meta.url))

/** Runs a script in a fresh mount of /mfs and gives what it prints; it must succeed. */
async function inMount(t: Test, script: string): Promise<string> {
  const { path, logged } = await mountMfs(t)
  const { status, stdout, stderr } = await shell(path, `set -e; ${script}`, [
    process.execPath,
    seeker
  ])
  t.equal(status, 0, stderr)
  t.strictSame(logged, [], 'nothing is logged')
  return stdout
}

t.test('ranges of files, by the tools that ask for them', async t => {
  if (!canMount(t)) return

  t.test('fallocate(1) grows, keeps, zeros and punches; it cannot collapse', async t => {
    const printed = await inMount(
      t,
      `fallocate -l 1M file; stat -c '%s' file
       fallocate -n -l 2M file; stat -c '%s' file
       tr '\\0' x < /dev/zero | head -c 1M > file
       fallocate -p -o 64K -l 512K file; fallocate -z -o 1M -l 4K file; stat -c '%s' file
       tr -d '\\0' < file | wc -c
       ! fallocate -c -o 0 -l 4K file 2> why; grep -o 'not supported' why
       ! fallocate -l 1E file 2> why; grep -o 'large' why`
    )
    t.equal(printed, '1048576\n1048576\n1052672\n524288\nnot supported\nlarge\n')
  })

  t.test('a sparse file takes little room, and cp keeps its holes', async t => {
    const printed = await inMount(
      t,
      `truncate -s 1G sparse; printf end | dd of=sparse bs=1M seek=512 conv=notrunc status=none
       cp --sparse=auto sparse copy
       for file in sparse copy; do
         test $(du -k $file | cut -f1) -lt 1024; stat -c %s $file; done
       "$1" --disable-warning=ExperimentalWarning "$2" sparse`
    )
    t.equal(printed, `${'1073741824\n'.repeat(2)}data 536870912 hole 536875008 then undefined\n`)
  })

  t.test('a file of more than 4 GiB is written and read beyond that', async t => {
    const printed = await inMount(
      t,
      `printf tail | dd of=huge bs=1M seek=5000 conv=notrunc status=none
       stat -c %s huge; tail -c 4 huge; printf more >> huge; tail -c 8 huge
       dd if=huge bs=1M skip=4999 count=1 status=none | tr -d '\\0' | wc -c`
    )
    t.equal(printed, '5242880004\ntailtailmore0\n')
  })

  t.test('cp --reflink=auto copies; FICLONE does not reach a FUSE file system', async t => {
    const printed = await inMount(
      t,
      `head -c 3M /dev/urandom > one; cp --reflink=auto one two; cmp one two && echo same
       ! cp --reflink=always one three 2> why; grep -o 'Operation not supported' why`
    )
    t.equal(printed, 'same\nOperation not supported\n')
  })
})
