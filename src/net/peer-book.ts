import { isIP } from 'node:net'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import { CairnError } from '../base/errors.ts'
import type { BanReason } from './api.ts'

/** A ban that somebody set ends when somebody ends it. */
export const forEverMs = 8_640_000_000_000_000

export interface Ban {
  readonly untilMs: number
  readonly why: BanReason
}

/** Which peers were added and which are banned, kept in the home; any process may open it (`netMigrations`). */
export class PeerBook {
  readonly #database: Database
  readonly #clock: Clock

  constructor(database: Database, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** Addresses, `host:port`, in order. */
  list(): string[] {
    const rows = this.#database.statement('SELECT address FROM net_peers ORDER BY address').all()
    return rows.map(({ address }) => address as string)
  }

  /** Throws `invalid` for what is no address, `exists`. Ends a ban of it. */
  add(text: string): string {
    const address = parsePeerAddress(text)
    this.#database.write(
      () => {
        const { changes } = this.#database
          .statement('INSERT OR IGNORE INTO net_peers VALUES (?, ?)')
          .run(address, this.#clock.nowMs())
        if (changes === 0) throw new CairnError('exists', `${address} is a peer already`)
        this.#unban(address)
      },
      { durable: true }
    )
    return address
  }

  /** Forgets a peer, or a ban. False if there was neither. */
  remove(peer: string): boolean {
    return this.#database.write(
      () => {
        const { changes } = this.#database
          .statement('DELETE FROM net_peers WHERE address = ?')
          .run(peer)
        return this.#unban(peer) > 0 || Number(changes) > 0
      },
      { durable: true }
    )
  }

  #unban(peer: string): number {
    const { changes } = this.#database.statement('DELETE FROM net_bans WHERE peer = ?').run(peer)
    return Number(changes)
  }

  /** A ban that lasts longer stays. */
  ban(peer: string, { untilMs, why }: Ban): void {
    this.#database.write(() =>
      this.#database
        .statement(
          `INSERT INTO net_bans VALUES (?, ?, ?) ON CONFLICT (peer) DO
            UPDATE SET until_ms = excluded.until_ms, why = excluded.why
            WHERE excluded.until_ms > until_ms`
        )
        .run(peer, untilMs, why)
    )
  }

  banOf(peer: string): Ban | undefined {
    const row = this.#database
      .statement('SELECT until_ms AS untilMs, why FROM net_bans WHERE peer = ? AND until_ms > ?')
      .get(peer, this.#clock.nowMs())
    return row as unknown as Ban | undefined
  }

  /** Bans in force. */
  bans(): ReadonlyArray<Ban & { readonly peer: string }> {
    const rows = this.#database
      .statement(
        'SELECT peer, until_ms AS untilMs, why FROM net_bans WHERE until_ms > ? ORDER BY peer'
      )
      .all(this.#clock.nowMs())
    return rows as unknown as ReadonlyArray<Ban & { peer: string }>
  }
}

/**
 * `host:port`, an IPv6 address in brackets; the port may be left out. Or the multiaddr of a peer of libp2p,
 * `/ip4/192.168.1.7/tcp/7072/p2p/12D3Koo…`. Throws `invalid`. https://github.com/multiformats/multiaddr
 */
export function parsePeerAddress(text: string, defaultPort = 7071): string {
  if (text.startsWith('/')) return parseMultiaddr(text)
  const match = /^(?:\[([0-9a-f:.%]+)\]|([^:[\]/\s]+))(?::(\d{1,5}))?$/i.exec(text)
  const host = match?.[1] ?? match?.[2] ?? ''
  const port = Number(match?.[3] ?? defaultPort)
  const six = match?.[1] !== undefined
  const named = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i.test(host)
  if (port < 1 || port > 65535 || (six ? isIP(host) !== 6 : !named)) {
    const shown = JSON.stringify(text.slice(0, 100))
    throw new CairnError(
      'invalid',
      `${shown} is no peer: give 192.168.1.7, host:7071 or [fe80::1]:7071`
    )
  }
  return `${six ? `[${host.toLowerCase()}]` : host.toLowerCase()}:${port}`
}

/** Peer IDs in base58 have no dots and no colons: https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md */
export function isPeerId(text: string): boolean {
  return /^(12D3Koo|Qm|16Uiu2)[A-Za-z0-9]{30,60}$/.test(text)
}

function parseMultiaddr(text: string): string {
  const [, family, host = '', port = '', id = ''] =
    /^\/(ip[46])\/([0-9a-f.:]+)\/tcp\/(\d{1,5})\/p2p\/(\w+)\/?$/i.exec(text) ?? []
  const number = Number(port)
  const isWhole = isIP(host) === Number(family?.at(-1)) && number >= 1 && number <= 65535
  if (isWhole && isPeerId(id)) {
    return `/${family?.toLowerCase()}/${host.toLowerCase()}/tcp/${number}/p2p/${id}`
  }
  throw new CairnError(
    'invalid',
    `${JSON.stringify(text.slice(0, 200))} is no peer: give /ip4/192.168.1.7/tcp/7072/p2p/12D3Koo…`
  )
}

/** The host of an address as `parsePeerAddress` gives it, without brackets. */
export function hostOf(address: string): string {
  if (address.startsWith('/')) return address.split('/')[2] ?? ''
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '')
}
