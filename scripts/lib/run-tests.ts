import { spawnSync } from 'node:child_process'
import { chmodSync, globSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { addCount, type Count, emptyCount } from './count-tap.ts'
import { mountPoints, unmountBelow } from './leftovers.ts'
import { failedCount, runTestFile } from './run-test-file.ts'

/** How many times as long a run may take as in CI: test/soak repeats what it does so often. */
const soak = Math.max(1, Number(process.env.CAIRN_SOAK ?? 1))
const fileLimitMs = 4 * 60_000 * soak
const wholeLimitMs = 17 * 60_000 * soak
const atOnce = 2
const top = resolve(import.meta.dirname, '../..')

await main(process.argv.slice(2))

async function main(wanted: string[]): Promise<void> {
  process.chdir(top)
  const total = emptyCount()
  const mounted = mountPoints()
  const temporary = mkdtempSync(join(tmpdir(), 'ct-'))
  chmodSync(temporary, 0o755)
  const logs = resolve('.tap/logs')
  rmSync(logs, { recursive: true, force: true })
  mkdirSync(logs, { recursive: true })
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort())

  check(total, 'type check', 'node_modules/typescript/bin/tsc', ['-p', 'tsconfig.json'])
  check(total, 'lint', 'node_modules/@biomejs/biome/bin/biome', [
    'check',
    '--diagnostic-level=error',
    '--max-diagnostics=40'
  ])
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(wholeLimitMs)])
  await runFiles(testFiles(wanted), { temporary, logs, signal, total })

  for (const point of [
    ...unmountBelow(temporary),
    ...unmountBelow(resolve('.tap/fixtures'), mounted)
  ])
    addCount(total, failedCount(`left ${point} mounted`), 'afterwards')
  rmSync(temporary, { recursive: true, force: true })
  summarise(total)
  process.exit(total.failed === 0 ? 0 : 1)
}

/** The test files below the files and folders named; without a name all but those that need what is built for them. */
function testFiles(wanted: string[]): string[] {
  const files = (wanted.length === 0 ? ['test'] : wanted).flatMap(path =>
    statSync(path).isDirectory() ? globSync(`${path}/**/*.test.ts`) : [path]
  )
  const isWanted = (file: string) => wanted.length > 0 || !file.startsWith('test/interop/')
  return [...new Set(files)].filter(isWanted).toSorted()
}

function check(total: Count, name: string, program: string, args: string[]): void {
  const done = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    timeout: 180_000
  })
  const ok = done.status === 0
  print(ok, name)
  if (!ok) console.log(indent(`${done.stdout}${done.stderr}`.trim()))
  addCount(total, ok ? { ...emptyCount(), passed: 1 } : failedCount('does not pass'), name)
}

interface FilesRun {
  readonly temporary: string
  readonly logs: string
  readonly signal: AbortSignal
  readonly total: Count
}

async function runFiles(files: readonly string[], run: FilesRun): Promise<void> {
  const queue = files.entries()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const [number, file] of queue) {
        const count = await runOne(number, file, run)
        addCount(run.total, count, file)
      }
    })
  )
}

async function runOne(number: number, file: string, run: FilesRun): Promise<Count> {
  if (run.signal.aborted) return failedCount('was not started: the whole run took too long')
  const began = performance.now()
  const log = join(run.logs, `${file.replaceAll('/', '-')}.tap`)
  const temporary = join(run.temporary, String(number))
  const count = await runTestFile(file, {
    limitMs: fileLimitMs,
    temporary,
    log,
    signal: run.signal
  })
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  print(count.failed === 0, `${file} (${sentence(count)}, ${seconds} s)`)
  for (const failure of count.failures) console.log(indent(failure))
  return count
}

function summarise(total: Count): void {
  if (total.skips.length > 0)
    console.log(`\nSKIPPED, not proven on this machine:\n${indent(total.skips.join('\n'))}`)
  if (total.failures.length > 0) {
    const heads = total.failures.map(failure => failure.split('\n')[0])
    console.log(`\nFAILED (whole output in .tap/logs):\n${indent(heads.join('\n'))}`)
  }
  console.log(`\n${sentence(total)}`)
}

function sentence(count: Count): string {
  return `${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`
}

function print(ok: boolean, text: string): void {
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${text}`)
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ')
}
