import { readPackages } from '../../../adapters/apt/closure/read-packages.ts'
import { type Candidate, resolvePackages } from '../../../adapters/apt/closure/resolve.ts'
import { CairnError } from '../../base/errors.ts'
import { showCount } from '../../base/show-units.ts'
import { openCatalog } from '../../pull/catalog.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import { daemonUrl, fetchPaths } from '../fetch-paths.ts'
import { withContent } from '../with-content.ts'

export interface WarmAptOptions extends CommonOptions {
  readonly from?: readonly string[]
  readonly arch?: string
}

/** As many as a mirror is asked for at a time. */
const lanes = 4

/** A suite of an archive: `debian` and `bookworm`. */
interface Suite {
  readonly archive: string
  readonly suite: string
}

/**
 * Has the daemon fetch packages and all they depend on. Throws `not-found` without a daemon, and for what
 * no index has; `upstream` when some could not be had: the others are held.
 */
export async function warmApt(
  cli: Cli,
  packages: readonly string[],
  options: WarmAptOptions
): Promise<void> {
  const base = await daemonUrl(cli, options)
  const suites = options.from?.map(parseSuite) ?? (await heldSuites(cli, options))
  const candidates: Candidate[] = []
  for (const suite of suites) {
    for await (const each of candidatesOf(cli, base, suite, options)) candidates.push(each)
  }
  const chosen = resolvePackages(packages, candidates)
  const urls = chosen.map(
    each => each.base + each.path.split('/').map(encodeURIComponent).join('/')
  )
  const { bytes, failed } = await fetchPaths(cli, urls, lanes)
  const held = { packages: chosen.length - failed.length, bytes }
  if (options.json === true) cli.terminal.printJson({ ...held, failed })
  else cli.terminal.print(`held ${showCount(held.packages, 'package')}`)
  const [first] = failed
  if (first === undefined) return
  throw new CairnError('upstream', `${failed.length} could not be had, the first: ${first}`)
}

function parseSuite(text: string): Suite {
  const [, archive, suite] = /^([a-z0-9][a-z0-9._-]*)\/([^/@].*)$/.exec(text) ?? []
  if (archive !== undefined && suite !== undefined) return { archive, suite }
  throw new CairnError('usage', `--from ${text}: write ARCHIVE/SUITE, as debian/bookworm`)
}

/** Those that clients have asked for. */
async function heldSuites(cli: Cli, options: CommonOptions): Promise<Suite[]> {
  const { home } = await settingsOf(cli, options)
  const suites = await withContent(home, content => {
    const catalog = openCatalog(content.database)
    return [...catalog.list('apt')].flatMap(({ name: archive }) =>
      [...catalog.items(`apt/${archive}/dists/`)].flatMap(({ key }) => {
        const suite = /^apt\/[^/]+\/dists\/(.+)\/(?:InRelease|Release)$/.exec(key)?.[1]
        return suite === undefined || /\/(binary-|@next)/.test(key) ? [] : [{ archive, suite }]
      })
    )
  })
  if (suites.length > 0) return suites
  throw new CairnError('not-found', 'no index is held yet: give --from ARCHIVE/SUITE')
}

async function* candidatesOf(
  cli: Cli,
  base: string,
  { archive, suite }: Suite,
  { arch = 'amd64' }: WarmAptOptions
): AsyncGenerator<Candidate> {
  const root = `${base}apt/${archive}/`
  const folder = `${root}dists/${suite}/`
  const release = await releaseOf(cli, folder)
  for (const index of indexesOf(release, arch)) {
    const answer = await ask(cli, folder + index)
    if (answer.body === null) continue
    for await (const entry of readPackages(answer.body)) yield { ...entry, base: root }
  }
}

async function releaseOf(cli: Cli, folder: string): Promise<string> {
  const answer = await fetch(`${folder}InRelease`, { signal: cli.signal })
  if (answer.ok) return await answer.text()
  await answer.body?.cancel()
  return await (await ask(cli, `${folder}Release`)).text()
}

async function ask(cli: Cli, url: string): Promise<Response> {
  const answer = await fetch(url, { signal: cli.signal })
  if (answer.ok) return answer
  const said = (await answer.text()).trim().slice(0, 200)
  throw new CairnError('upstream', `${new URL(url).pathname}: ${answer.status} ${said}`)
}

/** One form of each component's index: apt's own preference, of those that can be read. */
function indexesOf(release: string, arch: string): string[] {
  const named = new Set(
    [...release.matchAll(/^ [0-9a-f]{64} +\d+ +(\S+)$/gm)].map(([, path]) => path)
  )
  const folders = new Set(
    [...named].flatMap(path => path?.match(/^(.*\/)?(?=Packages)/)?.[0] ?? [])
  )
  const own = [...folders].filter(folder => /(^|\/)binary-(\w+)\/$/.exec(folder)?.[2] === arch)
  return own
    .filter(folder => !folder.includes('debian-installer'))
    .flatMap(folder => {
      const form = ['.xz', '.zst', '.gz', ''].find(each => named.has(`${folder}Packages${each}`))
      return form === undefined ? [] : [`${folder}Packages${form}`]
    })
}
