import type { CID } from 'multiformats/cid'
import { systemClock } from '../base/clock.ts'
import { toCairnError } from '../base/errors.ts'
import type { HttpDoor } from '../base/http.ts'
import type { BlockSource, NameSink, NameSource } from '../base/name-source.ts'
import type { Shared } from '../gateway/api.ts'
import { openPace, type Pace } from '../gateway/pace.ts'
import { openPeerDoor } from '../gateway/peer-door.ts'
import type { PeerState } from '../net/api.ts'
import { openContentSource } from '../net/content-source.ts'
import { openDigestSource } from '../net/find-digest.ts'
import type { BlockGiver } from '../net/libp2p/serve-bitswap.ts'
import type { WiderNetwork } from '../net/libp2p/wider-network.ts'
import { PeerBook } from '../net/peer-book.ts'
import { Peers } from '../net/peers.ts'
import type { PullPeers } from '../pull/ask-peers.ts'
import { openCatalog } from '../pull/catalog.ts'
import type { InUse } from '../pull/in-use.ts'
import { openShelf } from '../pull/shelf.ts'
import type { Content } from './content.ts'
import type { Log } from './logger.ts'
import type { NameService } from './name-service.ts'
import { openGateway, openShared } from './open-gateway.ts'
import { serveLibp2p, servePlain } from './peer-ports.ts'
import { publicPackages } from './public-packages.ts'
import { openRecordJudge } from './record-judge.ts'
import type { Settings } from './settings.ts'

export interface PeersOptions {
  readonly settings: Settings
  readonly content: Content
  /** Packages that are being sent to them. */
  readonly inUse: InUse
  readonly log: Log
}

/** Other Cairns: who is asked, and what they may ask. */
export interface PeerService {
  /** For the pull engine. */
  readonly pull: PullPeers
  readonly content: NameSource & BlockSource & NameSink
  /** Other programs of IPFS, over libp2p; nobody before it serves. */
  readonly wider: NameSource & BlockSource & NameSink
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
  let wider: WiderNetwork | undefined
  return {
    pull: { source: openDigestSource(peers), mayAsk: allowed.isPublicKey },
    content: openContentSource(peers),
    wider: {
      label: 'other programs of IPFS',
      ask: async (name, signal, options) => (await wider?.ask(name, signal, options)) ?? [],
      fetch: async (cid, signal) => await wider?.fetch(cid, signal),
      tell: async (name, record, signal) => await wider?.tell(name, record, signal)
    },
    list: () => peers.list(),
    serve: async service => {
      const pace = openPace(settings.peersRate, systemClock)
      const shared = openShared(content, service.names, settings.peersFollowed)
      const allow = { service, isPublic: allowed.isPublicItem, pace, shared }
      const doors = peerDoors(options, allow)
      const giver = giverOf(content, allow)
      const onRecord = (name: string, record: Uint8Array) => {
        try {
          take(service, name, record)
        } catch (cause) {
          const problem = toCairnError(cause).message
          options.log.info({ name, problem }, 'a record was not taken')
        }
      }
      const judge = openRecordJudge(service.names, systemClock, onRecord)
      const ports = { network, book, peers, doors, giver, judge, log: options.log }
      const { peersListen, peersLibp2p } = settings
      if (peersListen !== undefined && !onlyLibp2p) {
        served.push(await servePlain(peersListen, ports))
      }
      if (peersLibp2p !== undefined) {
        const node = await serveLibp2p(settings, peersLibp2p, ports)
        wider = node.wider
        served.push(node.close)
      }
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
  readonly pace: Pace
  readonly shared: Shared
}

/** What bitswap gives: what is published, and is here. */
function giverOf({ store }: Content, { shared, pace }: Served): BlockGiver {
  const isHere = ({ multihash }: CID) => store.size(multihash.bytes) !== undefined
  return {
    among: async cids => (await shared.among(cids)).filter(isHere),
    read: async ({ multihash }, signal) => {
      const bytes = store.size(multihash.bytes)
      if (bytes === undefined) return undefined
      await pace(bytes, signal)
      return store.read(multihash.bytes)
    }
  }
}

/** What a peer may ask: bytes of public packages, and what is published. */
function peerDoors(
  { content, inUse, log }: PeersOptions,
  { service, isPublic, pace, shared }: Served
): HttpDoor[] {
  const { database, store, reader } = content
  const catalog = openCatalog(database)
  const shelf = openShelf({ database, catalog, blocks: store, reader, inUse, log, isPublic })
  return [
    openPeerDoor({
      shelf,
      blocks: store,
      shared,
      pace,
      takeRecord: (name, record) => take(service, name, record)
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
function take(service: NameService, name: string, record: Uint8Array): void {
  if (service.names.take(name, record) === 'newer') service.heard(name)
}
