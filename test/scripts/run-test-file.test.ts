import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Count } from '../../scripts/lib/count-tap.ts'
import { markedProcesses, mountPoints } from '../../scripts/lib/leftovers.ts'
import { runTestFile } from '../../scripts/lib/run-test-file.ts'
import { requireRoot } from '../lib/skip.ts'

const tap = JSON.stringify(import.meta.resolve('tap'))
const folder = mkdtempSync(join(tmpdir(), 'runner-'))

/** Runs a test file of these lines; `t` is tap. */
async function run(name: string, lines: string[], limitMs = 20_000): Promise<Count> {
  const file = join(folder, `${name}.test.mjs`)
  writeFileSync(file, [`import t from ${tap}`, ...lines].join('\n'))
  const temporary = join(folder, name)
  const signal = new AbortController().signal
  return runTestFile(file, { limitMs, temporary, log: `${file}.log`, signal })
}

t.test('points are leaves: a subtest counts by what is in it', async t => {
  const count = await run('points', [
    "t.test('outer', async t => {",
    "  t.test('inner', async t => { t.pass('one'); t.pass('two') })",
    "  t.pass('three')",
    "  t.pass('four', { skip: 'no client' })",
    '})'
  ])
  t.match(count, { passed: 3, failed: 0, skipped: 1 })
  t.match(count.skips, ['outer > four (no client)'])
})

t.test('what fails is told by its full name', async t => {
  const count = await run('fails', [
    "t.test('outer', async t => { t.equal(1, 2, 'sums') })",
    "t.test('throws', async () => { throw new Error('broken') })",
    "t.test('planned', async t => { t.plan(2); t.pass('only one') })"
  ])
  t.equal(count.passed, 1)
  t.equal(count.failed, 3)
  t.match(count.failures[0], /^outer > sums\n.*-2/s)
})

t.test('a file that spins is ended at its limit, and is a failure', async t => {
  const count = await run('spins', ["t.pass('before')", 'for (;;) {}'], 1500)
  t.match(count, { passed: 1, failed: 1, failures: ['took too long and was ended'] })
})

t.test('a file that crashes, or exits early, or holds nothing is a failure', async t => {
  const killed = await run('killed', ["t.pass('before')", "process.kill(process.pid, 'SIGKILL')"])
  t.match(killed.failures, ['was ended by SIGKILL'])
  const syntax = await run('syntax', ['this is not a program'])
  t.match(syntax.failures, [/^exited with 1/])
  const empty = await run('empty', ['process.exit(0)'])
  t.match(empty.failures, ['holds no test point: it cannot fail'])
})

t.test('a process that is left running is ended, and is a failure', async t => {
  const count = await run('leaves', [
    "const { spawn } = await import('node:child_process')",
    "spawn('sleep', ['1000'], { detached: true, stdio: 'inherit' }).unref()",
    "t.pass('done')"
  ])
  t.match(count, { passed: 1, failed: 1, failures: [/^left process \d+ running: sleep 1000/] })
  t.strictSame(markedProcesses(`CAIRN_TEST_FILE=${join(folder, 'leaves')}`), [])
})

t.test('a mount that is left is undone, and is a failure', async t => {
  if (!requireRoot(t)) return
  const point = join(folder, 'mounts', 'a point')
  const count = await run('mounts', [
    "const { execFileSync } = await import('node:child_process')",
    "const { mkdirSync } = await import('node:fs')",
    `mkdirSync(${JSON.stringify(point)})`,
    `execFileSync('mount', ['-t', 'tmpfs', 'none', ${JSON.stringify(point)}])`,
    "t.pass('done')"
  ])
  t.match(count, { passed: 1, failed: 1, failures: [`left ${point} mounted`] })
  t.notOk(mountPoints().includes(point))
})
