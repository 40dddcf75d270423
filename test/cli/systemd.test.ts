import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { requireClient, requireContainers, requireFuse, requireRoot } from '../lib/skip.ts'
import { program, until } from './run-cairn.ts'

const boot = fileURLToPath(new URL('./systemd-machine.sh', import.meta.url))
const top = dirname(dirname(program))

type Run = (script: string) => Promise<{ status: number; stdout: string; stderr: string }>

/** A systemd in namespaces of its own; gives what runs a shell script there, as root. */
async function startSystemd(t: Test): Promise<Run> {
  const child = spawn('unshare', ['-fpmuCin', '--mount-proc', '--kill-child', 'sh', boot, top], {
    stdio: ['ignore', 'ignore', 'inherit'],
    cwd: '/'
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    if (child.signalCode === null) await once(child, 'exit')
  })
  const run: Run = async script => {
    const inside = await firstProcess(child.pid ?? 0)
    const enter = ['-t', inside, '-m', '-p', '-C', '-u', '-i', '-n', 'sh', '-c', `cd /; ${script}`]
    return new Promise(resolve => {
      execFile('nsenter', enter, { cwd: '/' }, (error, stdout, stderr) => {
        resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr })
      })
    })
  }
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`systemd ended by ${child.exitCode}`)
    return (await run('systemctl is-active multi-user.target')).status === 0
  })
  return run
}

async function firstProcess(parent: number): Promise<string> {
  const children = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8')
  return children.trim().split(' ')[0] || 'none'
}

/** Runs as alice, with her session's systemd if she has one. */
const asAlice = (script: string) =>
  `runuser -u alice -- env HOME=/run/alice XDG_RUNTIME_DIR=/run/alice/run sh -c '${script}'`

const requireSystemd = (t: Test) =>
  requireRoot(t) && requireFuse(t) && requireContainers(t) && requireClient(t, 'systemd-analyze')

t.test('the units of packaging/ run under systemd, for a user without rights', async t => {
  if (!requireSystemd(t) || !requireClient(t, 'fusermount3')) return
  const run = await startSystemd(t)
  const mounts = async () => (await run('grep -c /run/alice/cairn/ /proc/self/mounts')).stdout
  const file = '/run/alice/cairn/mfs/file'

  t.match(await run('systemctl start cairn@alice'), { status: 0, stderr: '' })
  t.equal(await mounts(), '4\n', 'mounted when it says that it is ready')
  t.match(await run(asAlice(`echo kept > ${file}`)), { status: 0, stderr: '' })
  t.not((await run(`cat ${file}`)).status, 0, 'her mounts are closed to others')

  const { stdout: first } = await run('systemctl show -P MainPID cairn@alice')
  await run('systemctl kill -s KILL --kill-whom=main cairn@alice')
  await until(async () => {
    const { stdout } = await run('systemctl show -P MainPID -P ActiveState cairn@alice')
    return /active/.test(stdout) && !/activ[^e]/.test(stdout) && !stdout.includes(first.trim())
  })
  t.equal((await run(asAlice(`cat ${file}`))).stdout, 'kept\n', 'killed, it comes back')
  t.match(await run('systemctl stop cairn@alice'), { status: 0 })
  t.equal(await mounts(), '0\n')
  t.match((await run('systemctl show -P Result cairn@alice')).stdout, 'success')

  const session =
    'mkdir /run/alice/run; chown alice /run/alice/run; ' +
    'systemd-run --quiet --uid=alice -p Delegate=yes -E HOME=/run/alice -E XDG_RUNTIME_DIR=/run/alice/run /lib/systemd/systemd --user'
  t.match(await run(session), { status: 0, stderr: '' })
  await until(async () => (await run('test -S /run/alice/run/systemd/private')).status === 0)
  t.match(await run(asAlice('systemctl --user start cairn')), { status: 0, stderr: '' })
  t.equal((await run(asAlice(`cat ${file}`))).stdout, 'kept\n', 'the service of the user')
  t.match(await run(asAlice('systemctl --user stop cairn')), { status: 0, stderr: '' })
  t.equal(await mounts(), '0\n')
})

t.test('systemd-analyze finds nothing wrong with the units', async t => {
  if (!requireSystemd(t)) return
  const run = await startSystemd(t)
  const units = '/opt/cairn/packaging/systemd'
  for (const unit of (await readdir(`${top}/packaging/systemd`)).map(name =>
    name.replace('@', '@alice')
  )) {
    const verify = `cp ${units}/* /run/; cp ${units}/cairn@.service /run/cairn@alice.service; systemd-analyze verify --man=no /run/${unit}`
    t.match(await run(verify), { status: 0, stderr: '' }, unit)
  }
})
