import { systemClock } from '../../base/clock.ts'
import { CairnError } from '../../base/errors.ts'
import { homePaths } from '../../base/home.ts'
import { showBytes, showMoment } from '../../base/show-units.ts'
import { callDaemon } from '../../control/client.ts'
import { findHome } from '../../daemon/find-home.ts'
import type { PeerState } from '../../net/api.ts'
import { forEverMs, isPeerId, PeerBook, parsePeerAddress } from '../../net/peer-book.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import { withContent } from '../with-content.ts'

/** What the daemon knows of its peers. Throws `not-found` if none runs. */
export async function peers(cli: Cli, options: CommonOptions): Promise<void> {
  const home = findHome(options.home, cli.environment)
  const list = await callDaemon<PeerState[]>(homePaths(home).socket, 'GET', 'peers', cli.signal)
  if (list === undefined) {
    throw new CairnError('not-found', `no daemon runs on ${home}: start one with \`cairn start\``)
  }
  for (const state of list) {
    if (options.json === true) cli.terminal.printJson(state)
    else cli.terminal.print(showPeer(state))
  }
}

function showPeer({ id, kind, from, answeredMs, banned, bytes }: PeerState): string {
  const answered =
    answeredMs === undefined ? 'never answered' : `answered ${showMoment(answeredMs)}`
  const ban = banned === undefined ? [] : [showBan(banned)]
  return [id, kind, from, answered, `${showBytes(bytes)} taken`, ...ban].join('  ')
}

function showBan({ untilMs, why }: { untilMs: number; why: string }): string {
  return `banned (${why}) ${untilMs >= forEverMs ? 'until removed' : `until ${showMoment(untilMs)}`}`
}

export async function peerAdd(
  cli: Cli,
  addresses: readonly string[],
  options: CommonOptions
): Promise<void> {
  await withBook(cli, options, book => {
    for (const text of addresses) tell(cli, options, 'added', book.add(text))
  })
}

export async function peerList(cli: Cli, options: CommonOptions): Promise<void> {
  await withBook(cli, options, book => {
    const bans = new Map(book.bans().map(ban => [ban.peer, ban]))
    for (const peer of new Set([...book.list(), ...bans.keys()])) {
      const banned = bans.get(peer)
      if (options.json === true) cli.terminal.printJson({ peer, banned })
      else cli.terminal.print(banned === undefined ? peer : `${peer}  ${showBan(banned)}`)
    }
  })
}

export async function peerBan(
  cli: Cli,
  ids: readonly string[],
  options: CommonOptions
): Promise<void> {
  await withBook(cli, options, book => {
    for (const id of ids) {
      const peer = canonical(id)
      book.ban(peer, { untilMs: forEverMs, why: 'operator' })
      tell(cli, options, 'banned', peer)
    }
  })
}

/** Throws `not-found` for the first that there is not. */
export async function peerRemove(
  cli: Cli,
  ids: readonly string[],
  options: CommonOptions
): Promise<void> {
  await withBook(cli, options, book => {
    for (const id of ids) {
      const peer = canonical(id)
      if (!book.remove(peer)) throw new CairnError('not-found', `there is no peer ${peer}`)
      tell(cli, options, 'removed', peer)
    }
  })
}

function canonical(id: string): string {
  return isPeerId(id) ? id : parsePeerAddress(id)
}

function tell(cli: Cli, { json }: CommonOptions, what: string, peer: string): void {
  if (json === true) cli.terminal.printJson({ peer, [what]: true })
  else cli.terminal.print(`${what} ${peer}`)
}

async function withBook(
  cli: Cli,
  options: CommonOptions,
  work: (book: PeerBook) => void
): Promise<void> {
  const { home } = await settingsOf(cli, options)
  await withContent(home, ({ database }) => work(new PeerBook(database, systemClock)))
}
