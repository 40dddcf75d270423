import { systemClock } from '../base/clock.ts'
import { toCairnError } from '../base/errors.ts'
import type { HttpDoor } from '../base/http.ts'
import { limits } from '../base/limits.ts'
import type { BlockSource, NameSink, NameSource } from '../base/name-source.ts'
import { openPace } from '../gateway/pace.ts'
import { openPeerDoor } from '../gateway/peer-door.ts'
import type { PeerState } from '../net/api.ts'
import { openContentSource } from '../net/content-source.ts'
import { openDigestSource } from '../net/find-digest.ts'
import { PeerBook } from '../net/peer-book.ts'
import { Peers } from '../net/peers.ts'
import type { PullPeers } from '../pull/ask-peers.ts'
import { openCatalog } from '../pull/catalog.ts'
import { openShelf } from '../pull/shelf.ts'
import type { Content } from './content.ts'
import type { Log } from './logger.ts'
import type { NameService } from './name-service.ts'
import { openGateway, openShared } from './open-gateway.ts'
import { serveLibp2p, servePlain } from './peer-ports.ts'
import { publicPackages } from './public-packages.ts'
import type { Settings } from './settings.ts'

export interface PeersOptions {
  readonly settings: Settings
  readonly content: Content
  readonly log: Log
}

/** Other Cairns: who is asked, and what they may ask. */
export interface PeerService {
  /** For the pull engine. */
  readonly pull: PullPeers
  readonly content: NameSource & BlockSource & NameSink
  list: () => PeerState[]
  /** Serves them from now on, where the settings say. */
  serve: (service: NameService) => Promise<void>
  close: () => Promise<void>
}

/** Undefined with the network off: then nothing listens, nobody is asked, and libp2p is not even loaded. */
export function openPeers(options: PeersOptions): PeerService | undefined {
  const { settings, content } = options
  const { network } = settings
  if (network === 'off') return undefined
  const book = new PeerBook(content.database, systemClock)
  const onlyLibp2p = settings.peersSwarmKey !== undefined
  const peers = new Peers({ book, clock: systemClock, network, onlyLibp2p })
  const catalog = openCatalog(content.database)
  const allowed = publicPackages(() => settings, catalog)
  const served: Array<() => Promise<void>> = []
  return {
    pull: { source: openDigestSource(peers), mayAsk: allowed.isPublicKey },
    content: openContentSource(peers),
    list: () => peers.list(),
    serve: async service => {
      const doors = peerDoors(options, { service, isPublic: allowed.isPublicItem })
      const ports = { network, book, peers, doors, log: options.log }
      const { peersListen, peersLibp2p } = settings
      if (peersListen !== undefined && !onlyLibp2p) {
        served.push(await servePlain(peersListen, ports))
      }
      if (peersLibp2p !== undefined) served.push(await serveLibp2p(settings, peersLibp2p, ports))
    },
    close: async () => {
      peers.close()
      await Promise.all(served.map(close => close()))
    }
  }
}

interface Served {
  readonly service: NameService
  readonly isPublic: Parameters<typeof openShelf>[0]['isPublic']
}

/** What a peer may ask: bytes of public packages, and what is published. */
function peerDoors(
  { settings, content, log }: PeersOptions,
  { service, isPublic }: Served
): HttpDoor[] {
  const { database, store, reader } = content
  const catalog = openCatalog(database)
  const pace = openPace(settings.peersRate, systemClock)
  const shelf = openShelf({ database, catalog, blocks: store, reader, log, isPublic })
  const shared = openShared(content, service.names, settings.peersFollowed)
  return [
    openPeerDoor({
      shelf,
      blocks: store,
      shared,
      pace,
      takeRecord: (name, record) => take(service, log, name, record)
    }),
    openGateway({
      content,
      names: service.names,
      serves: 'shared',
      satisfy: async () => {},
      pace,
      shared
    })
  ]
}

/** A record of a followed name that is newer has its content looked for at once. */
function take(service: NameService, log: Log, name: string, record: Uint8Array): void {
  if (service.names.take(name, record) !== 'newer') return
  const follow = service.names.follows().find(each => each.name === name)
  if (follow === undefined) return
  service
    .refresh(follow.target, AbortSignal.timeout(limits.nameRefreshMs))
    .catch(cause => log.info({ name, problem: toCairnError(cause).message }, 'a name moved'))
}
