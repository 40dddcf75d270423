import { readFile } from 'node:fs/promises'
import { escaped, shortType } from '../../../adapters/npm/classify.ts'
import { type LockedTarball, readLockfile } from '../../../adapters/npm/read-lockfile.ts'
import { systemClock } from '../../base/clock.ts'
import { CairnError, toCairnError } from '../../base/errors.ts'
import { homePaths } from '../../base/home.ts'
import type { Status } from '../../control/api.ts'
import { callDaemon } from '../../control/client.ts'
import { findHome } from '../../daemon/find-home.ts'
import type { Cli, CommonOptions } from '../cli.ts'
import { openProgress } from '../progress.ts'

/** As many as npm itself asks for at a time. */
const lanes = 12

/**
 * Has the daemon fetch the packuments and tarballs that lockfiles name. Throws `not-found` without a daemon,
 * `invalid` for what is no lockfile, `upstream` when some could not be had: the others are held.
 */
export async function warmNpm(
  cli: Cli,
  lockfiles: readonly string[],
  options: CommonOptions
): Promise<void> {
  const tarballs = (await Promise.all(lockfiles.map(read))).flat()
  const base = await registryOf(cli, options)
  const names = [...new Set(tarballs.map(({ name }) => name))]
  const paths = [
    ...names.map(escaped),
    ...tarballs.map(({ name, file }) => `${name}/-/${encodeURIComponent(file)}`)
  ]
  const { bytes, failed } = await fetchAll(cli, base, [...new Set(paths)])
  const { terminal } = cli
  const held = { packages: names.length, files: new Set(paths).size - failed.length, bytes }
  if (options.json === true) terminal.printJson({ ...held, failed })
  else terminal.print(`${held.files} files of ${held.packages} packages are held`)
  const [first] = failed
  if (first === undefined) return
  throw new CairnError('upstream', `${failed.length} could not be had, the first: ${first}`)
}

async function read(path: string): Promise<LockedTarball[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw toCairnError(cause, `cannot read ${path}`)
  })
  try {
    return readLockfile(text)
  } catch (cause) {
    throw toCairnError(cause, path)
  }
}

async function registryOf(cli: Cli, options: CommonOptions): Promise<string> {
  const home = findHome(options.home, cli.environment)
  const status = await callDaemon<Status>(homePaths(home).socket, 'GET', 'status', cli.signal)
  if (status !== undefined) return `http://${status.listen}/npm/`
  throw new CairnError('not-found', `no daemon runs on ${home}: start one with \`cairn start\``)
}

async function fetchAll(
  cli: Cli,
  base: string,
  paths: readonly string[]
): Promise<{ bytes: number; failed: string[] }> {
  const bar = await openProgress(cli.terminal, 'fetching', 'files', systemClock)
  const failed: string[] = []
  let next = 0
  let things = 0
  let bytes = 0
  const lane = async (): Promise<void> => {
    while (next < paths.length) {
      const path = paths[next++] ?? ''
      const arrived = await fetchOne(base + path, cli.signal)
      if (typeof arrived === 'string') failed.push(`${path}: ${arrived}`)
      else bytes += arrived
      bar.update({ things: ++things, totalThings: paths.length, bytes })
    }
  }
  try {
    await Promise.all(Array.from({ length: lanes }, lane))
  } finally {
    bar.stop()
  }
  return { bytes, failed }
}

/** The bytes that came, or why they did not. */
async function fetchOne(url: string, signal: AbortSignal): Promise<number | string> {
  try {
    const answer = await fetch(url, { signal, headers: { accept: shortType } })
    if (!answer.ok) return `${answer.status} ${(await answer.text()).trim().slice(0, 200)}`
    let bytes = 0
    for await (const piece of answer.body ?? []) bytes += piece.length
    return bytes
  } catch (cause) {
    if (signal.aborted) throw toCairnError(signal.reason)
    return toCairnError(cause).message
  }
}
