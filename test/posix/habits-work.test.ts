import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { makeWorld } from '../cli/run-cairn.ts'
import { shell } from '../fuse/mounted.ts'
import { requireClient, requireFuse } from '../lib/skip.ts'

const compiler = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))

/**
 * What people do all day: clients, what they do in an empty folder of the daemon's mount, and what that
 * prints. `$1` is a plain folder, `$2` the TypeScript compiler, `$3` the runtime.
 */
interface Habit {
  readonly title: string
  readonly clients: readonly string[]
  readonly script: string
  readonly expected: string
}

const habits: readonly Habit[] = [
  {
    title: 'git: clone of 1,500 files and 20 commits, a branch, a commit, gc, fsck',
    clients: ['git'],
    script: `export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
      git init -q -b main "$1/origin"
      awk 'BEGIN { for (c = 0; c < 20; c++) {
          printf "commit refs/heads/main\\ncommitter a <a@b> %d +0000\\ndata 1\\nc\\n", 1700000000 + c
          for (f = 0; f < 75; f++) {
            text = sprintf("%d\\n%d\\n", c * f, c * c * f)
            printf "M 100644 inline d%d/e%d/f%d\\ndata %d\\n%s\\n", f % 20, f % 7, c * 75 + f, length(text), text
          } } }' | git -C "$1/origin" fast-import --quiet
      git clone -q --no-local "$1/origin" clone; cd clone
      git checkout -q -b early HEAD~10; git checkout -q main; echo more >> d1/e1/f1
      git commit -qam more; git gc -q --prune=now; git fsck --strict --full --no-progress
      git status --porcelain; git rev-list --count HEAD; git ls-files | wc -l`,
    expected: '21\n1500\n'
  },
  {
    title: 'tar x and tar c of 1,000 files, owners and times kept',
    clients: ['tar'],
    script: `mkdir "$1/from"; cd "$1/from"; for d in $(seq 20); do mkdir d$d; for f in $(seq 50); do
        echo $d $f > d$d/f$f; done; ln d$d/f1 d$d/linked; ln -s f2 d$d/symbolic; done; cd - > /dev/null
      tar -C "$1" -cf "$1/in.tar" from; tar xf "$1/in.tar"; diff -r from "$1/from"
      tar cf "$1/out.tar" from; tar --compare -C "$1" -f "$1/out.tar"; tar --compare -f "$1/in.tar"
      stat -c %h from/d3/linked`,
    expected: '2\n'
  },
  {
    title: 'rsync -a --delete twice, --inplace into a large file, --checksum finds nothing to do',
    clients: ['rsync'],
    script: `mkdir -p "$1/from/sub"; seq 400000 > "$1/from/large"; for f in $(seq 300); do echo $f > "$1/from/sub/f$f"; done
      rsync -a --delete "$1/from/" to/; rm "$1"/from/sub/f1*; echo new > "$1/from/sub/new"
      rsync -a --delete "$1/from/" to/; sed -i s/77777/seventy/ "$1/from/large"
      rsync -a --inplace --no-whole-file "$1/from/" to/; rsync -anic --delete "$1/from/" to/; diff -r "$1/from" to; ls to/sub | wc -l`,
    expected: '190\n'
  },
  {
    title: "vi's ways to save: by renaming, by copying, by whichever it finds right",
    clients: ['vi'],
    script: `echo first > text; chmod 640 text; ln text other
      for way in yes no auto; do
        vi -u NONE -es -c "set nocp backup writebackup swapfile backupcopy=$way" -c 'e text' -c "normal Go$way" -c wq < /dev/null
      done; cat text; stat -c %a text; ls -A | sort | tr '\\n' ' '`,
    expected: 'first\nyes\nno\nauto\n640\nother text '
  },
  {
    title: "nano's save with a backup",
    clients: ['nano', 'python3'],
    script: `echo text > file; cat > type.py <<'END'
import os, pty
child, screen = pty.fork()
if child == 0:
    os.environ["TERM"] = "xterm"
    os.execvp("nano", ["nano", "--ignorercfiles", "--backup", "file"])
def until(text, seen=b""):
    while text not in seen:
        seen += os.read(screen, 65536)
until(b"text")
os.write(screen, b"typed \\x0f")
until(b"Write")
os.write(screen, b"\\r")
until(b"Wrote")
os.write(screen, b"\\x18")
try:
    while os.read(screen, 65536): pass
except OSError: pass
print(os.waitpid(child, 0)[1])
END
      python3 type.py; cat file file~`,
    expected: '0\ntyped text\ntext\n'
  },
  {
    title: 'npm ci of 30 packages with 600 files, offline',
    clients: ['npm'],
    script: `export npm_config_cache="$1/cache" npm_config_update_notifier=false
      for p in $(seq 30); do mkdir -p "$1/pack/package/lib"; for f in $(seq 20); do
          echo "exports.f$f = $p" > "$1/pack/package/lib/f$f.js"; done
        echo "{\\"name\\":\\"p$p\\",\\"version\\":\\"1.0.$p\\",\\"main\\":\\"lib/f7.js\\"}" > "$1/pack/package/package.json"
        tar -C "$1/pack" -czf "$1/p$p.tgz" package; done
      { echo '{"name":"top","version":"1.0.0","dependencies":{'; for p in $(seq 30); do
        printf '"p%s":"file:%s/p%s.tgz"' $p "$1" $p; [ $p = 30 ] || echo ,; done; echo '}}'; } > package.json
      npm install --package-lock-only --offline --no-audit --no-fund --loglevel=error > /dev/null
      npm ci --offline --no-audit --no-fund --loglevel=error > /dev/null
      "$3" -e 'let sum = 0; for (let p = 1; p <= 30; p++) sum += require("p" + p).f7; console.log(sum)'`,
    expected: '465\n'
  },
  {
    title: 'a TypeScript build of 150 modules, and again after one changed',
    clients: [],
    script: `mkdir src; for i in $(seq 150); do
        echo "import { n as before } from './m$((i - 1)).js'; export const n: number = before + $i" > src/m$i.ts; done
      echo 'export const n: number = 0' > src/m0.ts; echo '{"type":"module"}' > package.json
      echo '{"compilerOptions":{"outDir":"out","rootDir":"src","module":"nodenext","incremental":true,"types":[]},"include":["src"]}' > tsconfig.json
      "$3" "$2" -p .; "$3" -e 'import("./out/m150.js").then(m => console.log(m.n))'
      echo 'export const n: number = 1000' > src/m0.ts
      "$3" "$2" -p .; "$3" -e 'import("./out/m150.js").then(m => console.log(m.n))'`,
    expected: '11325\n12325\n'
  },
  {
    title: 'make and gcc, two at a time, build a program of 100 files, once',
    clients: ['gcc', 'make'],
    script: `for i in $(seq 100); do echo "int f$i(void) { return $i; }" > f$i.c; done
      { for i in $(seq 100); do echo "int f$i(void);"; done; echo 'int main(void) { return f100(); }'; } > main.c
      printf 'program: main.o %s\\n\\tgcc -o $@ $^\\n%%.o: %%.c\\n\\tgcc -c -o $@ $<\\n' "$(seq -f 'f%.0f.o' 100 | tr '\\n' ' ')" > Makefile
      make -s -j2; ./program || echo $?; make -q && echo up to date; ls *.o | wc -l`,
    expected: '100\nup to date\n101\n'
  },
  {
    title: 'fio writes at random and verifies: by pwrite, by a mapping, past the page cache',
    clients: ['fio'],
    script: `fio="fio --directory=$PWD --bs=4k --size=8m --verify=crc32c --do_verify=1 --minimal"
      $fio --name=sync --rw=randwrite --numjobs=2 --ioengine=psync > /dev/null
      $fio --name=map --rw=randwrite --ioengine=mmap > /dev/null
      $fio --name=direct --rw=randrw --ioengine=libaio --iodepth=16 --direct=1 > /dev/null
      $fio --name=append --rw=write --ioengine=psync --fsync=16 > /dev/null; echo verified`,
    expected: 'verified\n'
  },
  {
    title: "a file manager's copy, with times and attributes, and its move",
    clients: ['gio'],
    script: `seq 100000 > "$1/file"; touch -d 2001-02-03T04:05:06Z "$1/file"; chmod 640 "$1/file"
      gio copy --preserve "file://$1/file" copy; cmp "$1/file" copy; stat -c '%a %Y' copy
      gio copy --backup copy "$1/file"; gio copy copy second; gio move second third; cmp copy third; ls | tr '\\n' ' '`,
    expected: '640 981173106\ncopy third '
  }
]

t.test('what people do all day, in the mount of the daemon', async t => {
  if (!requireFuse(t)) return
  const world = await makeWorld(t)
  await chmod(world.folder, 0o755)
  const mount = join(world.folder, 'm')
  await world.start(['--mount', mount])
  for (const [index, { title, clients, script, expected }] of habits.entries()) {
    await t.test(title, async t => {
      if (!clients.every(client => requireClient(t, client))) return
      const run = `set -e; set -o pipefail; mkdir h${index}; cd h${index}; ${script}`
      const args = [t.testdir({}), compiler, process.execPath]
      const { status, stdout, stderr } = await shell(join(mount, 'mfs'), run, args)
      t.equal(stdout, expected)
      t.equal(status, 0, stderr)
    })
  }
  const cid = await world.line(['snapshot'])
  const { status, stdout } = await shell('/', 'diff -r --no-dereference "$1" "$2"', [
    join(mount, 'mfs'),
    join(mount, 'ipfs', cid)
  ])
  t.equal(`${status} ${stdout}`, '0 ', 'the snapshot is the same, file by file')
  t.equal((await world.run(['fsck'])).status, 0, 'every block is whole')
})
