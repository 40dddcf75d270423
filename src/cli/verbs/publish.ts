import { CairnError } from '../../base/errors.ts'
import { homePaths } from '../../base/home.ts'
import { nameText } from '../../base/names.ts'
import { showMoment } from '../../base/show-units.ts'
import type { PublishOrder, PublishResult } from '../../control/api.ts'
import { callDaemon } from '../../control/client.ts'
import { openMfsOf } from '../../daemon/content.ts'
import { publishPlace, showPublished } from '../../daemon/publish-place.ts'
import type { Cli, CommonOptions } from '../cli.ts'
import { parseCid } from '../parse-cid.ts'
import { parsePath } from '../parse-path.ts'
import { parseSpan } from '../parse-span.ts'
import { type OpenedNames, withNames } from '../with-names.ts'

export interface PublishOptions extends CommonOptions {
  readonly key: string
  readonly lifetime: string
  readonly settle?: boolean
}

/** A record that ends sooner is out of date before it is told; one of a year is never renewed. */
const leastLifetimeMs = 60_000
const mostLifetimeMs = 366 * 86_400_000

/** Publishes a path of /mfs or a CID, by the daemon if one runs, and prints the name. */
export async function publish(cli: Cli, what: string, options: PublishOptions): Promise<void> {
  const place = parsePlace(what)
  const lifetimeMs = parseSpan('--lifetime', options.lifetime, leastLifetimeMs, mostLifetimeMs)
  await withNames(cli, options, async opened => {
    const { settings } = opened
    const order = { ...place, key: options.key, lifetimeMs, settle: options.settle === true }
    const result =
      (await callDaemon<PublishResult>(
        homePaths(settings.home).socket,
        'POST',
        `publish?${queryOf(order)}`,
        cli.signal
      )) ?? (await publishHere(cli, opened, order))
    if (options.json === true) return cli.terminal.printJson(result)
    cli.terminal.print(result.name)
    cli.terminal.note(`at ${result.cid} until ${showMoment(result.endMs)}, unless renewed`)
  })
}

function parsePlace(what: string): Pick<PublishOrder, 'path' | 'cid'> {
  if (!what.startsWith('/mfs')) return { path: undefined, cid: parseCid(what).toString() }
  const { tree, names } = parsePath(what)
  if (tree !== 'mfs') throw new CairnError('usage', `${what}: give a path in /mfs or a CID`)
  return { path: names.map(nameText).join('/'), cid: undefined }
}

function queryOf({ key, path, cid, lifetimeMs, settle }: PublishOrder): URLSearchParams {
  const query = new URLSearchParams({ key, lifetimeMs: String(lifetimeMs), settle: String(settle) })
  if (path !== undefined) query.set('path', path)
  if (cid !== undefined) query.set('cid', cid)
  return query
}

async function publishHere(
  cli: Cli,
  { names, content, settings }: OpenedNames,
  order: PublishOrder
): Promise<PublishResult> {
  const seal = async () => {
    const mfs = openMfsOf(content, settings)
    try {
      await mfs.snapshot('publish', { signal: cli.signal })
    } finally {
      mfs.close()
    }
  }
  return showPublished(await publishPlace(content, names, order, seal))
}

/** Throws `not-found` if the key publishes nothing. */
export async function unpublish(cli: Cli, key: string, options: CommonOptions): Promise<void> {
  await withNames(cli, options, ({ names }) => {
    if (!names.unpublish(key)) throw new CairnError('not-found', `${key} publishes nothing`)
    if (options.json === true) cli.terminal.printJson({ key, unpublished: true })
    else cli.terminal.print(`${key} publishes nothing any more`)
  })
}
