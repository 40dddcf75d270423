import { readFile } from 'node:fs/promises'
import { escaped, shortType } from '../../../adapters/npm/classify.ts'
import type { LockedTarball } from '../../../adapters/npm/locked-tarball.ts'
import { readLockfile } from '../../../adapters/npm/read-lockfile.ts'
import { CairnError, toCairnError } from '../../base/errors.ts'
import { showCount } from '../../base/show-units.ts'
import type { Cli, CommonOptions } from '../cli.ts'
import { daemonUrl, fetchPaths } from '../fetch-paths.ts'

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
  const base = `${await daemonUrl(cli, options)}npm/`
  const names = [...new Set(tarballs.map(({ name }) => name))]
  const paths = [
    ...names.map(escaped),
    ...tarballs.map(({ name, file }) => `${name}/-/${encodeURIComponent(file)}`)
  ]
  const urls = [...new Set(paths)].map(path => base + path)
  const { bytes, failed } = await fetchPaths(cli, urls, lanes, { accept: shortType })
  const { terminal } = cli
  const held = { packages: names.length, files: urls.length - failed.length, bytes }
  if (options.json === true) terminal.printJson({ ...held, failed })
  else
    terminal.print(
      `held ${showCount(held.files, 'file')} of ${showCount(held.packages, 'package')}`
    )
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
