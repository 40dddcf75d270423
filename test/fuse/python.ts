import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { shell } from './mounted.ts'

/** Runs Python in a folder; the script must succeed. */
export async function python(t: Test, folder: string, script: string): Promise<string> {
  const { status, stdout, stderr } = await shell(folder, 'python3 -c "$1"', [script])
  t.equal(status, 0, `the script succeeds: ${stderr}`)
  return stdout
}

/** A process in a folder that runs one line of Python after the other. */
export async function interpreter(
  t: Test,
  folder: string
): Promise<(line: string) => Promise<void>> {
  const loop =
    'import os,sys\nos.chdir(sys.argv[1])\nfor line in sys.stdin:\n  exec(line)\n  print(flush=True)'
  const child = spawn('python3', ['-c', loop, folder], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  t.teardown(async () => {
    child.stdin.end()
    if (child.exitCode === null) await once(child, 'exit')
  })
  return async line => {
    child.stdin.write(`${line}\n`)
    const { done } = await lines.next()
    if (done) throw new Error(`Python ended at: ${line}`)
  }
}
