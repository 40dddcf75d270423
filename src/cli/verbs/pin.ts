import { setTimeout as wait } from 'node:timers/promises'
import { systemClock } from '../../base/clock.ts'
import { CairnError } from '../../base/errors.ts'
import { homePaths } from '../../base/home.ts'
import { nameText } from '../../base/names.ts'
import { showMoment } from '../../base/show-units.ts'
import type { PinResult, TransferStatus } from '../../control/api.ts'
import { callDaemon } from '../../control/client.ts'
import { openRefresher } from '../../daemon/name-service.ts'
import { Pinning } from '../../daemon/pin-content.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import { parseCid } from '../parse-cid.ts'
import { parsePath } from '../parse-path.ts'
import { openProgress } from '../progress.ts'
import { withContent } from '../with-content.ts'
import { type OpenedNames, withNames } from '../with-names.ts'

/** How often is asked how far it is. */
const lookMs = 250

/**
 * Pins what CIDs, or names as they stand now, lead to, and brings here what lacks: by the daemon if one runs,
 * which knows peers. Throws `missing` for what nobody has, and pins none after it.
 */
export async function pinAdd(
  cli: Cli,
  texts: readonly string[],
  options: CommonOptions & { readonly label?: string }
): Promise<void> {
  const paths = texts.map(parsePinned)
  const label = options.label ?? ''
  await withNames(cli, options, async opened => {
    for (const path of paths) {
      const { cid, blocks, bytes } = await pinOne(cli, opened, { path, label })
      if (options.json === true) cli.terminal.printJson({ cid, pinned: true, blocks, bytes })
      else cli.terminal.print(`pinned ${cid}`)
    }
  })
}

/** `/ipfs/CID/…` or `/ipns/NAME/…`. Throws `usage`. */
function parsePinned(text: string): string {
  const { tree, names } = parsePath(text)
  if (tree === 'ipfs' || tree === 'ipns') return ['', tree, ...names.map(nameText)].join('/')
  throw new CairnError('usage', `${text} is no CID and no name: what is in /${tree} is kept anyway`)
}

interface Ordered {
  readonly path: string
  readonly label: string
}

async function pinOne(cli: Cli, opened: OpenedNames, ordered: Ordered): Promise<PinResult> {
  const bar = await openProgress(cli.terminal, 'fetching', 'block', systemClock)
  const show = (status: TransferStatus | undefined): void => {
    if (status === undefined || status.blocks === 0) return
    const { blocks: things, hereBytes: bytes, totalBytes } = status
    bar.update({ things, bytes: Math.min(bytes, totalBytes), totalBytes })
  }
  const done = new AbortController()
  const { socket } = homePaths(opened.settings.home)
  const looking = look(() => transferOf(socket, ordered.path, done.signal), show, done.signal)
  try {
    return (
      (await callDaemon<PinResult>(
        socket,
        'POST',
        `pin?${new URLSearchParams({ ...ordered })}`,
        cli.signal
      )) ?? (await pinHere(cli, opened, ordered, show))
    )
  } finally {
    done.abort()
    await looking
    bar.stop()
  }
}

async function transferOf(
  socket: string,
  path: string,
  signal: AbortSignal
): Promise<TransferStatus | undefined> {
  const all = await callDaemon<TransferStatus[]>(socket, 'GET', 'transfers', signal)
  return all?.find(each => each.path === path)
}

/** What cannot be looked at is not shown: the pinning itself says what is wrong. */
async function look(
  ask: () => Promise<TransferStatus | undefined>,
  show: (status: TransferStatus | undefined) => void,
  signal: AbortSignal
): Promise<void> {
  while (!signal.aborted) {
    await wait(lookMs, undefined, { signal }).catch(() => {})
    if (!signal.aborted) show(await ask().catch(() => undefined))
  }
}

/** Without a daemon: what is here, and what gateways have. */
async function pinHere(
  cli: Cli,
  { content, names, settings }: OpenedNames,
  ordered: Ordered,
  show: (status: TransferStatus | undefined) => void
): Promise<PinResult> {
  const { fetcher } = openRefresher(content, settings, names)
  const pinning = new Pinning({ content, names, fetcher })
  const done = new AbortController()
  const looking = look(async () => pinning.list()[0], show, done.signal)
  try {
    return await pinning.pin(ordered, cli.signal)
  } finally {
    done.abort()
    await looking
  }
}

/** Unpins CIDs; throws `not-found` for the first that was not pinned. */
export async function pinRemove(
  cli: Cli,
  texts: readonly string[],
  options: CommonOptions
): Promise<void> {
  const cids = texts.map(parseCid)
  const { home } = await settingsOf(cli, options)
  await withContent(home, ({ roots }) => {
    for (const cid of cids) {
      if (!roots.unpin(cid)) throw new CairnError('not-found', `${cid} is not pinned`)
      if (options.json === true) cli.terminal.printJson({ cid: cid.toString(), unpinned: true })
      else cli.terminal.print(`unpinned ${cid}`)
    }
  })
}

export async function pinList(cli: Cli, options: CommonOptions): Promise<void> {
  const { home } = await settingsOf(cli, options)
  await withContent(home, ({ roots }) => {
    for (const { cid, label, createdMs } of roots.pins()) {
      if (options.json === true) cli.terminal.printJson({ cid: cid.toString(), label, createdMs })
      else cli.terminal.print(`${cid}  ${showMoment(createdMs)}  ${label}`)
    }
  })
}
