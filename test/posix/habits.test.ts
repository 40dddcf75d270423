import t from 'tap'
import { mountMfs } from '../fuse/mount-mfs.ts'
import { canMount, shell } from '../fuse/mounted.ts'
import { requireClient } from '../lib/skip.ts'

/** A client, what it does in an empty folder of the mount, and what it prints; `$1` is a plain folder. */
const habits: ReadonlyArray<[title: string, client: string, script: string, expected: string]> = [
  [
    'sqlite3 with a rollback journal',
    'sqlite3',
    `sqlite3 d.db "create table t(a); begin; insert into t values(1),(2); commit; begin;
       delete from t; rollback; select count(*) from t; pragma integrity_check"`,
    '2\nok\n'
  ],
  [
    'sqlite3 with a write-ahead log, which maps shared memory',
    'sqlite3',
    `sqlite3 d.db "pragma journal_mode=wal; create table t(a); insert into t values(1)"
     sqlite3 d.db "select count(*) from t; pragma integrity_check"`,
    'wal\n1\nok\n'
  ],
  [
    'rsync -a --delete, then --inplace',
    'rsync',
    `mkdir "$1/from"; seq 20000 > "$1/from/a"; echo b > "$1/from/b"; rsync -a "$1/from/" to/
     rm "$1/from/b"; echo more >> "$1/from/a"
     rsync -a --delete "$1/from/" to/; echo last >> "$1/from/a"
     rsync -a --inplace --no-whole-file "$1/from/" to/; diff -r "$1/from" to; ls to`,
    'a\n'
  ],
  [
    'fcntl locks keep another process out',
    'python3',
    `cat > lock.py <<'END'
import fcntl, os
held = open("locked", "w")
fcntl.lockf(held, fcntl.LOCK_EX)
child = os.fork()
if child == 0:
    try:
        fcntl.lockf(open("locked", "w"), fcntl.LOCK_EX | fcntl.LOCK_NB)
        os._exit(1)
    except BlockingIOError:
        os._exit(0)
print(os.waitpid(child, 0)[1])
END
     python3 lock.py`,
    '0\n'
  ],
  [
    'a private mapping writes nothing, a shared one does',
    'python3',
    `cat > map.py <<'END'
import mmap
with open("file", "w") as made: made.write("a" * 10000)
with open("file", "r+b") as file:
    private = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    private[0:1] = b"P"
    shared = mmap.mmap(file.fileno(), 0)
    shared[5000:5001] = b"S"
    shared.flush()
with open("file") as file: text = file.read()
print(text[0], text[5000], len(text))
END
     python3 map.py`,
    'a S 10000\n'
  ],
  [
    'gcc builds a program of 20 files',
    'gcc',
    `for i in $(seq 20); do echo "int f$i(void) { return $i; }" > f$i.c; done
     { for i in $(seq 20); do echo "int f$i(void);"; done; echo 'int main(void) { return f20(); }'; } > m.c
     gcc -c *.c && gcc -o program *.o; ./program && exit 1; echo $?`,
    '20\n'
  ]
]

t.test('programs that ask much of a file system, in a mount of /mfs', async t => {
  if (!canMount(t)) return
  const { path } = await mountMfs(t)
  for (const [index, [title, client, script, expected]] of habits.entries()) {
    await t.test(title, async t => {
      if (!requireClient(t, client)) return
      const run = `set -e; mkdir h${index}; cd h${index}; ${script}`
      const { status, stdout, stderr } = await shell(path, run, [t.testdir({})])
      t.equal(stdout, expected)
      t.equal(status, 0, stderr)
    })
  }
})
