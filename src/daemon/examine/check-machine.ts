import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { lockHolder } from '../home-lock.ts'
import { showAddress } from '../listen-address.ts'
import type { Examined, Finding } from './finding.ts'

export function checkRuntime(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const good = major > 22 || (major === 22 && minor >= 19)
  const found = `Node ${process.versions.node}, SQLite ${process.versions.sqlite}`
  return good
    ? { check: 'runtime', verdict: 'ok', found }
    : { check: 'runtime', verdict: 'fail', found, todo: 'install Node 22.19 or newer' }
}

export function checkDaemon({ running, paths }: Examined): Finding {
  return running
    ? { check: 'daemon', verdict: 'ok', found: `running, process ${lockHolder(paths)}` }
    : { check: 'daemon', verdict: 'ok', found: 'not running' }
}

/** Free, or taken by our own daemon. */
export async function checkPort({ settings, running }: Examined): Promise<Finding> {
  const address = showAddress(settings.listen)
  if (running) return { check: 'port', verdict: 'ok', found: 'the daemon has it' }
  const problem = await tryListen(settings.listen)
  if (problem === undefined) return { check: 'port', verdict: 'ok', found: `${address} is free` }
  return {
    check: 'port',
    verdict: 'fail',
    found: `${address}: ${problem}`,
    todo: 'stop the program that listens there, or set another `listen`'
  }
}

function tryListen({ host, port }: { host: string; port: number }): Promise<string | undefined> {
  const server = createServer()
  return new Promise(resolve => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen(port, host, () => server.close(() => resolve(undefined)))
  })
}

const aptSettings = '/etc/apt/apt.conf.d'

/** Whether apt of this machine asks Cairn. */
export async function checkSystemPackages({ settings }: Examined): Promise<Finding> {
  const files = await readdir(aptSettings).catch(() => undefined)
  if (files === undefined) return { check: 'apt', verdict: 'ok', found: 'no apt on this machine' }
  const address = showAddress(settings.listen)
  for (const file of files) {
    const text = await readFile(`${aptSettings}/${file}`, 'utf8').catch(() => '')
    if (text.includes(address)) {
      return { check: 'apt', verdict: 'ok', found: `asks Cairn, by ${aptSettings}/${file}` }
    }
  }
  return {
    check: 'apt',
    verdict: 'warn',
    found: 'does not ask Cairn',
    todo: 'run `cairn setup apt` if it should'
  }
}
