import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { makeWorld, until } from './run-cairn.ts'

/** The sha2-256 of no bytes, as a CIDv1 of raw: golden, from any other IPFS tool. */
const emptyCid = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'

t.test('an expected CID that is another one fails, and pins nothing', async t => {
  const world = await makeWorld(t)
  const { status, stdout, stderr } = await world.run(['add', '--expect', emptyCid, '-'], {
    input: 'not empty'
  })
  t.equal(status, 1)
  t.equal(stdout, '')
  t.match(stderr, `not ${emptyCid}`)
  t.equal((await world.run(['pin', 'ls'])).stdout, '')
})

t.test('what is not here, or not what it should be, exits 1 and says so', async t => {
  const world = await makeWorld(t)
  const cid = await world.line(['add', '-'], { input: 'file' })
  const cases: ReadonlyArray<readonly [readonly string[], RegExp]> = [
    [['cat', emptyCid], /not here|missing/],
    [['ls', cid], /is not a folder/],
    [['cat', `${cid}/below`], /director|folder/],
    [['cat', '/mfs/nothing'], /\/mfs\/nothing: /],
    [['cat', '/mfs'], /is a folder/],
    [['add', 'no-such-file'], /no-such-file/],
    [['pin', 'rm', cid.replace(/.$/, '')], /not a CID/],
    [['pin', 'rm', emptyCid], /is not pinned/],
    [['pin', 'add', emptyCid], /not here|missing/],
    [['stop'], /no daemon runs/],
    [['status'], /no daemon runs/]
  ]
  for (const [args, message] of cases) {
    const { status, stderr } = await world.run(args)
    t.not(status, 0, args.join(' '))
    t.match(stderr, message, args.join(' '))
  }
})

t.test('a CID may be given in upper case', async t => {
  const world = await makeWorld(t)
  const cid = await world.line(['add', '-'], { input: 'file' })
  t.equal((await world.run(['cat', cid.toUpperCase()])).stdout, 'file')
  t.equal(await world.line(['add', '--expect', cid.toUpperCase(), '-'], { input: 'file' }), cid)
})

t.test('--json puts errors in JSON too', async t => {
  const world = await makeWorld(t)
  const { status, stderr } = await world.run(['cat', '--json', emptyCid])
  t.equal(status, 1)
  t.match(JSON.parse(stderr), { error: { code: 'missing', message: String } })
})

t.test('bytes of standard input come back byte for byte', async t => {
  const world = await makeWorld(t)
  const bytes = Buffer.alloc(3 * 1024 * 1024 + 17, 'cairn ')
  const cid = await world.line(['add', '-'], { input: bytes })
  await world.run(['get', cid, '-o', 'back'])
  t.ok(bytes.equals(await readFile(join(world.folder, 'back'))))
  t.equal((await world.run(['cat', cid])).stdout, bytes.toString())
  t.equal(await world.line(['add', '-'], { input: '' }), emptyCid, 'the empty file is golden')
})

t.test('a folder comes back with its names, modes where asked for, and symlinks', async t => {
  const world = await makeWorld(t)
  const from = join(world.folder, 'from')
  await mkdir(join(from, 'sub'), { recursive: true })
  await writeFile(join(from, 'sub', 'naïve name'), 'text')
  await writeFile(join(from, 'run'), '#!/bin/sh\n')
  await chmod(join(from, 'run'), 0o755)
  await symlink('sub/naïve name', join(from, 'link'))
  const cid = await world.line(['add', '--metadata', 'from'])
  await world.run(['get', `/ipfs/${cid}`, '-o', 'to'])
  execFileSync('diff', ['-r', '--no-dereference', from, join(world.folder, 'to')])
  t.equal(await readlink(join(world.folder, 'to', 'link')), 'sub/naïve name')
  const stat = JSON.parse(await world.line(['stat', '--json', `${cid}/run`]))
  t.match(stat, { kind: 'file', size: 10, mode: '0755', cid: String })
  const listed = (await world.line(['ls', '--json', cid])).split('\n').map(line => JSON.parse(line))
  t.same(
    listed.map(({ name, kind }) => [name, kind]),
    [
      ['link', 'symlink'],
      ['run', 'file'],
      ['sub', 'directory']
    ]
  )
})

t.test('without metadata the CID is that of the bytes and names alone', async t => {
  const world = await makeWorld(t)
  await mkdir(join(world.folder, 'a'))
  await writeFile(join(world.folder, 'a', 'file'), 'same')
  const first = await world.line(['add', 'a'])
  await chmod(join(world.folder, 'a', 'file'), 0o600)
  t.equal(await world.line(['add', 'a']), first)
})

t.test('a tar archive becomes its tree, and comes back as one', async t => {
  const world = await makeWorld(t)
  await mkdir(join(world.folder, 'tree'))
  await writeFile(join(world.folder, 'tree', 'file'), 'packed')
  const archive = execFileSync('tar', ['c', '-C', join(world.folder, 'tree'), '.'])
  const cid = await world.line(['add', '--tar', '-'], { input: archive })
  t.equal(cid, await world.line(['add', 'tree']), 'the same as the folder itself')
  await world.run(['get', '--tar', cid, '-o', 'out.tar'])
  const names = execFileSync('tar', ['tf', join(world.folder, 'out.tar')], { encoding: 'utf8' })
  t.match(names, `${cid}/file`)
})

t.test('an output of - is standard output, and no file of this name', async t => {
  const world = await makeWorld(t)
  await mkdir(join(world.folder, 'tree'))
  await writeFile(join(world.folder, 'tree', 'file'), 'bytes')
  const cid = await world.line(['add', 'tree'])
  for (const args of [[], ['--json']]) {
    const got = await world.run(['get', `${cid}/file`, '-o', '-', ...args])
    t.match(got, { status: 0, stdout: 'bytes', stderr: '' }, args.join())
  }
  const archive = await world.run(['get', '--tar', cid, '-o', '-'])
  t.match(archive.stdout, `${cid}/file`)
  t.match(await world.run(['get', cid, '-o', '-']), { status: 1, stderr: /is a folder.*--tar/ })
  t.strictSame((await readdir(world.folder)).sort(), ['home', 'tree'])
})

t.test('an archive that cannot be made whole is not left behind', async t => {
  const world = await makeWorld(t)
  const folder = join(world.folder, 'odd')
  await mkdir(folder)
  await writeFile(Buffer.concat([Buffer.from(`${folder}/a`), Buffer.from([0xff])]), 'x')
  const cid = await world.line(['add', folder])
  const output = join(world.folder, 'odd.tar')
  const { status, stderr } = await world.run(['get', '--tar', '--output', output, cid])
  t.equal(status, 1)
  t.match(stderr, /not UTF-8/)
  await t.rejects(readFile(output), { code: 'ENOENT' })
  await writeFile(output, 'mine')
  t.match((await world.run(['get', '--tar', '--output', output, cid])).stderr, /exists/)
  t.equal(await readFile(output, 'utf8'), 'mine')
})

t.test('--only-hash prints the same CID and stores nothing', async t => {
  const world = await makeWorld(t)
  const cid = await world.line(['add', '--only-hash', '-'], { input: 'not kept' })
  t.equal((await world.run(['cat', cid])).status, 1)
  t.equal((await world.run(['pin', 'ls'])).stdout, '')
  t.equal(await world.line(['add', '--expect', cid, '-'], { input: 'not kept' }), cid)
})

t.test('what is added is pinned by its path; pins come and go', async t => {
  const world = await makeWorld(t)
  await writeFile(join(world.folder, 'thesis.txt'), 'words')
  const cid = await world.line(['add', 'thesis.txt'])
  t.match(JSON.parse(await world.line(['pin', 'ls', '--json'])), { cid, label: 'thesis.txt' })
  t.equal((await world.run(['pin', 'rm', cid])).status, 0)
  t.equal((await world.run(['pin', 'ls'])).stdout, '')
  t.equal((await world.run(['pin', 'add', '--label', 'again', cid])).status, 0)
  t.match(JSON.parse(await world.line(['pin', 'ls', '--json'])), { cid, label: 'again' })
})

t.test('a reader that leaves early ends cat quietly', async t => {
  const world = await makeWorld(t)
  const cid = await world.line(['add', '-'], { input: Buffer.alloc(8 * 1024 * 1024, 'line\n') })
  const program = new URL('../../bin/cairn', import.meta.url).pathname
  const script = `"$0" cat ${cid} --home "$1" 2>"$2/errors" | head -n 1`
  const shown = execFileSync('sh', ['-c', script, program, world.home, world.folder])
  t.equal(shown.toString(), 'line\n')
  t.equal(await readFile(join(world.folder, 'errors'), 'utf8'), '')
})

t.test('Ctrl-C ends an add by that signal, with nothing pinned', async t => {
  const world = await makeWorld(t)
  const adding = world.spawn(['add', '-'])
  adding.stdin?.on('error', () => {})
  adding.stdin?.write(Buffer.alloc(2 * 1024 * 1024))
  await until(async () => existsSync(join(world.home, 'cairn.db')))
  adding.kill('SIGINT')
  const [status, signal] = await once(adding, 'exit')
  t.strictSame([status, signal], [null, 'SIGINT'])
  t.equal((await world.run(['pin', 'ls'])).stdout, '')
})

t.test('fsck finds a flipped byte, and exits 1', async t => {
  const world = await makeWorld(t)
  await world.line(['add', '-'], { input: Buffer.alloc(4096, 'sound') })
  t.equal((await world.run(['fsck'])).status, 0)
  const segments = join(world.home, 'segments')
  const [segment] = (await readdir(segments)).filter(name => name.endsWith('.car'))
  const path = join(segments, segment ?? '')
  const bytes = await readFile(path)
  bytes[bytes.length - 10]! ^= 1
  await writeFile(path, bytes)
  const { status, stdout } = await world.run(['fsck'])
  t.equal(status, 1)
  t.match(stdout, /^damaged /)
})

t.test('fsck --rebuild-index makes a lost index anew', async t => {
  const world = await makeWorld(t)
  const cid = await world.line(['add', '-'], { input: 'found again' })
  for (const end of ['', '-wal', '-shm']) {
    await rm(join(world.home, `cairn.db${end}`), { force: true })
  }
  t.match(JSON.parse(await world.line(['fsck', '--rebuild-index', '--json'])), {
    blocks: 1,
    damaged: []
  })
  t.equal((await world.run(['cat', cid])).stdout, 'found again')
})
