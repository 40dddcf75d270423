import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { makeWorld } from '../cli/run-cairn.ts'
import { shell } from '../fuse/mounted.ts'
import { requireClient, requireFuse, requireRoot } from '../lib/skip.ts'

/** Adds rows one transaction each, and says the number of each that was committed. */
const filling = `import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("pragma journal_mode=" + sys.argv[2])
database.execute("pragma synchronous=full")
database.execute("pragma wal_autocheckpoint=20")
database.execute("create table if not exists t (n integer primary key, filler text)")
(n,) = database.execute("select coalesce(max(n), 0) from t").fetchone()
while True:
    n += 1
    database.execute("begin")
    database.execute("insert into t values (?, ?)", (n, str(n) * 300))
    database.execute("update t set filler = filler || 'x' where n = ?", (n // 2,))
    database.execute("commit")
    print(n, flush=True)
`
const modes = ['wal', 'delete', 'truncate'] as const

/** A program that fills a database; `committed` is the last number it said. */
function fill(t: Test, program: string, file: string, mode: string) {
  const child = spawn('python3', [program, file, mode], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.teardown(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })
  let committed = 0
  let commits = 0
  const waiting: Array<() => void> = []
  lines.on('line', line => {
    committed = Number(line)
    commits++
    for (const wake of waiting.splice(0)) wake()
  })
  const ended = Promise.all([once(child, 'exit'), once(lines, 'close')]).then(() => committed)
  return {
    ended,
    async said(count: number) {
      while (commits < count) await new Promise<void>(wake => waiting.push(wake))
    }
  }
}

t.test(
  'sqlite3, its daemon killed within transactions: whole, with all that was committed',
  async t => {
    if (!requireFuse(t) || !requireClient(t, 'sqlite3') || !requireClient(t, 'python3')) return
    const world = await makeWorld(t)
    const mount = join(world.folder, 'm')
    const program = join(world.folder, 'fill.py')
    await writeFile(program, filling)
    let daemon = await world.start(['--mount', mount])
    for (const kill of [10, 45, 23]) {
      const fillers = modes.map(mode => fill(t, program, join(mount, 'mfs', `${mode}.db`), mode))
      await Promise.all(fillers.map(({ said }) => said(kill)))
      daemon.child.kill('SIGKILL')
      await daemon.ended
      const committed = await Promise.all(fillers.map(({ ended }) => ended))
      daemon = await world.start(['--mount', mount])
      for (const [index, mode] of modes.entries()) {
        const question = 'pragma integrity_check; select count(*) = max(n), max(n) from t'
        const asked = await shell(join(mount, 'mfs'), `sqlite3 ${mode}.db "${question}"`)
        const [state = '', last = 0] = asked.stdout.trimEnd().split(/\|/)
        const least = committed[index] ?? 0
        t.equal(state, 'ok\n1', `${mode}: ${asked.stderr}`)
        t.ok(
          Number(last) - least === 0 || Number(last) - least === 1,
          `${mode}: ${last} of ${least}`
        )
      }
    }
  }
)

const sums =
  'select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history) and ' +
  '(select sum(bbalance) from pgbench_branches) = (select sum(delta) from pgbench_history), ' +
  '(select count(*) > 100 from pgbench_history)'

t.test('PostgreSQL: initdb, pgbench, a crash of its own and one of the daemon', async t => {
  if (!requireFuse(t) || !requireRoot(t) || !requireClient(t, 'pg_ctlcluster')) return
  const world = await makeWorld(t)
  await chmod(world.folder, 0o755)
  const mount = join(world.folder, 'm')
  let daemon = await world.start(['--mount', mount])
  const folder = join(mount, 'mfs', 'pg')
  await mkdir(folder)
  await shell('/', 'chown postgres "$1"', [folder])
  const as = async (script: string) => {
    const bin = 'PATH=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1):$PATH'
    const whole = `runuser -u postgres -- env PGHOST=/tmp PGPORT=${port} bash -c '${bin}; set -e; cd /; ${script}'`
    const { status, stdout, stderr } = await shell('/', whole)
    if (status !== 0) throw new Error(`${script}: ${stderr}`)
    return stdout.trim()
  }
  const port = 20_000 + (process.pid % 10_000)
  const server = `pg_ctl -D ${folder}/data -w -l ${folder}/log -o "-c listen_addresses= -k /tmp -p ${port}"`
  await as(`initdb -D ${folder}/data -A trust`)
  await as(`${server} start > /dev/null`)
  await as('pgbench -i -q postgres; pgbench -c 2 -t 100 postgres')
  await as(`${server} -m immediate stop; ${server} start > /dev/null`)
  t.equal(await as(`psql -tAc "${sums}" postgres`), 't|t', 'consistent after its own crash')
  const busy = as('pgbench -n -c 2 -T 60 postgres').catch((error: Error) => error.message)
  await as(
    `until [ $(psql -tAc "select count(*) from pgbench_history" postgres) -gt 250 ]; do :; done`
  )
  const postmaster = await as(`head -n 1 ${folder}/data/postmaster.pid`)
  daemon.child.kill('SIGKILL')
  await daemon.ended
  t.match(await busy, /pgbench/, 'its clients notice')
  await shell('/', `kill -QUIT ${postmaster}`)
  daemon = await world.start(['--mount', mount])
  await as(`until ${server} start > /dev/null; do sleep 0.1; done`)
  t.equal(await as(`psql -tAc "${sums}" postgres`), 't|t', "consistent after the daemon's")
  t.equal(await as(`psql -tAc "select count(*) >= 250 from pgbench_history" postgres`), 't')
  await as(`${server} stop`)
})
