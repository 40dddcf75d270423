import { execFileSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import type { Test } from 'tap'
import { requireClient } from '../lib/skip.ts'
import { shell } from './mounted.ts'

/** A fresh writable mount that holds `hello` ("hello, world"). */
export type MountForTools = (t: Test) => Promise<{ path: string; logged: readonly unknown[] }>

function sampleFolder(t: Test): string {
  const outside = t.testdir({
    sample: {
      'a.txt': 'alpha',
      empty: '',
      deep: { er: { 'b.txt': 'beta' } },
      'name with blanks': 'c',
      [Buffer.from('ümläut').toString()]: 'd'
    }
  })
  symlinkSync('../a.txt', `${outside}/sample/deep/link`)
  writeFileSync(`${outside}/sample/big`, Buffer.alloc(3_000_000, 'cairn'))
  execFileSync('chmod', ['4750', `${outside}/sample/a.txt`])
  execFileSync('touch', ['-h', '-d', '2001-02-03T04:05:06.789Z', `${outside}/sample/deep/link`])
  execFileSync('touch', ['-d', '1969-12-31T23:59:58.5Z', `${outside}/sample/a.txt`])
  return outside
}

/** Real programs, and the habits of editors, in a mount: whatever tree it shows. */
export function toolSuite(t: Test, mount: MountForTools): void {
  /** Runs a script in a fresh mount; `$1` is a plain folder beside it. The script must succeed. */
  async function inMount(t: Test, script: string, outside = t.testdir()): Promise<string> {
    const { path, logged } = await mount(t)
    const { status, stdout, stderr } = await shell(path, `set -e; ${script}`, [outside])
    t.equal(status, 0, `the script succeeds: ${stderr}`)
    t.strictSame(logged, [], 'nothing is logged')
    return stdout
  }

  t.test('cp -a keeps content, modes, links and times, also before 1970', async t => {
    const outside = sampleFolder(t)
    const stdout = await inMount(
      t,
      `cp -a "$1/sample" copy; diff -r "$1/sample" copy; cd "$1/sample"
       list() { find . -not -type d -printf '%p %m %s %l %T@ %U\\n' | sort; }
       list > ../expected; cd - > /dev/null; cd copy; list | diff - "$1/expected" && echo same`,
      outside
    )
    t.equal(stdout, 'same\n')
  })

  t.test('tar x and tar c give back the same tree', async t => {
    const outside = sampleFolder(t)
    await inMount(
      t,
      `tar -C "$1" -cf "$1/in.tar" sample; tar xf "$1/in.tar"; tar cf "$1/out.tar" sample
       mkdir "$1/again"; tar -C "$1/again" -xf "$1/out.tar"; diff -r "$1/sample" "$1/again/sample"`,
      outside
    )
  })

  t.test('git init, commit, clone, gc and fsck', async t => {
    const stdout = await inMount(
      t,
      `export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
       git init -q one; cd one
       for i in $(seq 40); do mkdir -p d$((i % 5)); echo $i > d$((i % 5))/f$i; done
       git add .; git commit -q -m first; git mv d1 moved; git commit -q -m second
       cd ..; git clone -q one two; cd two; git gc -q; git fsck --strict; git log --format=%s
       git status --porcelain`
    )
    t.equal(stdout, 'second\nfirst\n')
  })

  t.test('dd of odd sizes, seeks and truncations', async t => {
    await inMount(
      t,
      `for place in . "$1"; do
         dd if=/dev/zero bs=1000003 count=3 2>/dev/null | tr '\\0' x > $place/file
         printf middle | dd of=$place/file bs=1 seek=1500000 conv=notrunc 2>/dev/null
         truncate -s 2000000 $place/file; truncate -s 2500000 $place/file
         printf end >> $place/file
       done; cmp file "$1/file"; test "$(stat -c %s file)" = 2500003`
    )
  })

  t.test('mv within, over a file, over an empty directory, and from outside', async t => {
    const outside = sampleFolder(t)
    await inMount(
      t,
      `echo 1 > a; echo 2 > b; mv a b; test "$(cat b)" = 1; ! test -e a
       mkdir d e; echo x > d/x; mv -T d e; test "$(cat e/x)" = x; ! test -e d
       mv "$1/sample" here; test "$(cat here/deep/er/b.txt)" = beta; ! test -e "$1/sample"
       echo n > n; mv -n n b; test "$(cat b)" = 1`,
      outside
    )
  })

  t.test('sed -i, and an editor that saves by way of a backup', async t => {
    const stdout = await inMount(
      t,
      `printf 'one\\ntwo\\n' > file; sed -i s/two/zwei/ file; cat file
       mv file file~; printf 'new\\n' > file; sync file; chmod 644 file; rm file~; cat file; ls file*`
    )
    t.equal(stdout, 'one\nzwei\nnew\nfile\n')
  })

  t.test(
    'extended attributes: set, list, read, remove; access control lists are refused',
    async t => {
      const stdout = await inMount(
        t,
        `setfattr -n user.one -v 1 hello; setfattr -n user.two -v 2 hello
       getfattr -d hello; setfattr -x user.one hello; getfattr -d hello
       ! getfattr -n user.one hello 2>&1; ! setfattr -n system.posix_acl_access -v 0x0200000001000600ffffffff04000400ffffffff20000400ffffffff hello 2>&1`
      )
      t.match(
        stdout,
        /user\.one="1"\nuser\.two="2"\n\n# file: hello\n(?:user\.cairn\.cid=.*\n)?user\.two="2"\n/
      )
      t.match(stdout, /user\.one: No such attribute/)
      t.match(stdout, /Operation not supported/)
    }
  )

  t.test('ls -la, find and du over 3000 entries, and rm -rf of them', async t => {
    const stdout = await inMount(
      t,
      `rm -rf many; mkdir many; cd many; for i in $(seq 0 2999); do printf $i > file-$i; done; cd ..
       ls -la many | wc -l; find many | wc -l; find many -size +0 | wc -l; ls -f many | head -2
       rm -rf many; ls`
    )
    t.equal(stdout, '3003\n3001\n3000\n.\n..\nhello\n')
  })

  t.test('fifos, sockets by mknod, hard links and umask', async t => {
    const stdout = await inMount(
      t,
      `umask 027; mkfifo fifo; ln hello again; mkdir dir; touch file
       (echo through > fifo &) ; cat fifo; stat -c '%F %a %h' fifo hello dir file
       rm hello; cat again`
    )
    t.equal(
      stdout,
      'through\nfifo 640 1\nregular file 644 2\ndirectory 750 2\nregular empty file 640 1\nhello, world\n'
    )
  })

  t.test('two files change places with renameat2, and a file locked by flock', async t => {
    await inMount(
      t,
      `echo 1 > a; echo 2 > b
       python3 -c 'import ctypes,sys; sys.exit(ctypes.CDLL(None).renameat2(-100,b"a",-100,b"b",2))'
       test "$(cat a)$(cat b)" = 21; flock -x a -c 'flock -n -x a true && exit 1 || exit 0'`
    )
  })

  t.test('a set-user-ID bit goes when somebody else writes, or the owner changes', async t => {
    // The kernel learns of it when the attributes it holds run out.
    const stdout = await inMount(
      t,
      `echo x > s; chmod 6777 s; stat -c %a s
       setpriv --reuid=65534 --regid=65534 --clear-groups bash -c 'echo y >> s'
       until [ $(stat -c %a s) = 777 ]; do sleep 0.05; done
       chmod 4755 s; chown 1 s; stat -c %a s`
    )
    t.equal(stdout, '6777\n755\n')
  })

  t.test(
    'a capability of a program is kept, copied by cp -a, and goes when somebody writes',
    async t => {
      if (!requireClient(t, 'getcap')) return
      const stdout = await inMount(
        t,
        `cp /bin/true program; setcap cap_net_bind_service+ep program; getcap program
       cp -a program copy; getcap copy; echo >> program; getcap program; truncate -s 0 copy; getcap copy`
      )
      t.equal(
        stdout,
        'program cap_net_bind_service=ep\ncopy cap_net_bind_service=ep\n',
        'and nothing afterwards'
      )
    }
  )

  t.test('an executable runs, and a file is mapped into memory', async t => {
    const stdout = await inMount(
      t,
      `cp /bin/echo program; ./program ran
       python3 -c 'import mmap; f=open("hello","r+b"); m=mmap.mmap(f.fileno(),0); m[0:5]=b"HELLO"; m.flush()'
       cat hello`
    )
    t.equal(stdout, 'ran\nHELLO, world\n')
  })

  t.test('an unlinked file stays usable while open', async t => {
    const stdout = await inMount(
      t,
      'exec 3<> hello; rm hello; cat <&3; echo more >&3; ! test -e hello'
    )
    t.equal(stdout, 'hello, world\n')
  })

  t.test('names: 255 bytes fit, 256 do not, bytes that are not UTF-8 pass', async t => {
    const stdout = await inMount(
      t,
      `touch $(printf 'n%.0s' $(seq 255)); ! touch $(printf 'n%.0s' $(seq 256)) 2>&1
       touch $'\\xff\\xfe'; ls | od -An -c | grep -c '377 376'`
    )
    t.match(stdout, /File name too long\n1\n$/)
  })
}
