import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { showAddress } from '../../daemon/listen-address.ts'
import { aptFiles } from '../setup/apt-files.ts'
import type { Examined, Finding } from './finding.ts'

export function checkRuntime(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const good = major > 22 || (major === 22 && minor >= 19)
  const found = `Node ${process.versions.node}, SQLite ${process.versions.sqlite}`
  return good
    ? { check: 'runtime', verdict: 'ok', found }
    : { check: 'runtime', verdict: 'fail', found, advice: 'install Node 22.19 or newer' }
}

export function checkDaemon({ running }: Examined): Finding {
  return running === undefined
    ? { check: 'daemon', verdict: 'ok', found: 'not running' }
    : { check: 'daemon', verdict: 'ok', found: `running, process ${running.pid}` }
}

/** Free, or taken by our own daemon. */
export async function checkPort({ settings, running }: Examined): Promise<Finding> {
  const address = showAddress(settings.listen)
  if (running !== undefined) return checkHeldPort(address, settings.listen.port, running.listen)
  const problem = await tryListen(settings.listen)
  if (problem === undefined) return { check: 'port', verdict: 'ok', found: `${address} is free` }
  return {
    check: 'port',
    verdict: 'fail',
    found: `${address}: ${problem}`,
    advice: 'stop the program that listens there, or set another `listen`'
  }
}

function checkHeldPort(address: string, port: number, held: string): Finding {
  if (held === address || port === 0) {
    return { check: 'port', verdict: 'ok', found: `the daemon has ${held}` }
  }
  return {
    check: 'port',
    verdict: 'warn',
    found: `the daemon listens on ${held}, the settings say ${address}`,
    advice: 'restart the daemon to have it listen there'
  }
}

function tryListen({ host, port }: { host: string; port: number }): Promise<string | undefined> {
  const server = createServer()
  return new Promise(resolve => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen(port, host, () => server.close(() => resolve(undefined)))
  })
}

/** Whether apt of this machine asks Cairn, and by what. */
export async function checkApt({ settings }: Examined): Promise<Finding> {
  const files = aptFiles('/')
  if (!existsSync('/etc/apt')) return { check: 'apt', verdict: 'ok', found: 'no apt here' }
  if (!existsSync(files.settings)) {
    return {
      check: 'apt',
      verdict: 'ok',
      found: 'does not ask Cairn: `cairn setup apt` would have it do so'
    }
  }
  const address = showAddress(settings.listen)
  const detector = await readFile(files.detector, 'utf8').catch(() => '')
  return detector.includes(`'${address}'`)
    ? { check: 'apt', verdict: 'ok', found: `asks Cairn at ${address}, by ${files.settings}` }
    : {
        check: 'apt',
        verdict: 'warn',
        found: `${files.settings} is there, but does not lead to ${address}`,
        advice: 'run `cairn setup apt` again'
      }
}
