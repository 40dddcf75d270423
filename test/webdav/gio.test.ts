import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { requireClient } from '../lib/skip.ts'
import { serveDav } from './served.ts'

/** What GNOME's file manager does, by its command line, in a session of its own. */
const script = `
drive=$1
gio mount "$drive"
gio copy file "$drive/a%20b"
gio mkdir "$drive/folder"
gio move "$drive/a%20b" "$drive/folder/"
gio list "$drive/folder"
gio cat "$drive/folder/a%20b"
gio rename "$drive/folder/a%20b" 'ä #?%.txt'
gio list "$drive/folder"
gio copy "$drive/folder/%C3%A4%20%23%3F%25.txt" back
gio save "$drive/saved" <file
gio save "$drive/saved" <longer
gio info -a standard::size,standard::content-type "$drive/saved"
gio copy "$drive/saved" "$drive/copied"
gio remove "$drive/copied"
gio mount -u "$drive"
`

t.test('gio mounts it, copies, moves, renames, saves and removes', { timeout: 60_000 }, async t => {
  for (const client of ['gio', 'dbus-run-session', 'gvfsd', 'gvfsd-dav']) {
    if (!requireClient(t, client)) return
  }
  const home = t.testdir({ dav: {}, run: {}, file: 'content\n', longer: 'longer content\n' })
  const dav = await serveDav(t, join(home, 'dav'))
  writeFileSync(join(home, 'script'), script)
  mkdirSync(join(home, 'home'))
  const drive = `dav://127.0.0.1:${dav.port}/dav/mfs`
  const ran = await execa('dbus-run-session', ['--', 'sh', '-eux', 'script', drive], {
    cwd: home,
    env: { HOME: join(home, 'home'), XDG_RUNTIME_DIR: join(home, 'run'), LC_ALL: 'C.UTF-8' },
    all: true,
    reject: false,
    timeout: 50_000
  })
  t.equal(ran.exitCode, 0, ran.all)
  t.match(ran.stdout, /^a b$/m)
  t.match(ran.stdout, /^content$/m)
  t.match(ran.stdout, /^ä #\?%\.txt$/m)
  t.match(ran.stdout, 'standard::size: 15')
  t.equal(readFileSync(join(home, 'back'), 'utf8'), 'content\n')
  const saved = await fetch(`${dav.url}/dav/mfs/saved`)
  t.equal(await saved.text(), 'longer content\n')
  t.equal((await fetch(`${dav.url}/dav/mfs/copied`)).status, 404)
  t.strictSame(dav.faults, [])
})
