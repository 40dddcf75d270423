import type { Command } from 'commander'
import type { Cli, CommonOptions } from './cli.ts'
import { addVerb } from './verb.ts'

/** peers, peer add|ls|ban|rm: other Cairns of the local network. */
export function addPeerVerbs(program: Command, cli: Cli): void {
  addVerb(program, 'peers', {
    does: 'Lists the peers that the daemon knows, how they did, and who is banned',
    example: 'cairn peers --json'
  }).action(async (options: CommonOptions) => (await import('./verbs/peer.ts')).peers(cli, options))
  const peer = program.command('peer').description('Peers by address: add, ls, ban, rm')
  peer.exitOverride()
  addVerb(peer, 'add', {
    does: 'Adds a peer, asked with network: lan or public',
    example: 'cairn peer add 192.168.1.7'
  })
    .argument(
      '<address...>',
      'host, host:port or [ipv6]:port (the port is 7071 else), or /ip4/…/tcp/…/p2p/…'
    )
    .action(async (addresses: string[], options: CommonOptions) =>
      (await import('./verbs/peer.ts')).peerAdd(cli, addresses, options)
    )
  addVerb(peer, 'ls', {
    does: 'Lists the peers that were added, and the bans',
    example: 'cairn peer ls'
  }).action(async (options: CommonOptions) =>
    (await import('./verbs/peer.ts')).peerList(cli, options)
  )
  addVerb(peer, 'ban', {
    does: 'Neither asks peers nor serves them, until `cairn peer rm`',
    example: 'cairn peer ban 192.168.1.7'
  })
    .argument('<peer...>', 'addresses or peer IDs, as `cairn peers` shows them')
    .action(async (ids: string[], options: CommonOptions) =>
      (await import('./verbs/peer.ts')).peerBan(cli, ids, options)
    )
  addVerb(peer, 'rm', {
    does: 'Forgets peers, and bans',
    example: 'cairn peer rm 192.168.1.7:7071'
  })
    .argument('<peer...>', 'addresses or peer IDs')
    .action(async (ids: string[], options: CommonOptions) =>
      (await import('./verbs/peer.ts')).peerRemove(cli, ids, options)
    )
}
