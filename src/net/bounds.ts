const KiB = 1024

/** Bounds of what peers may cost, with their units and reasons. */
export const bounds = {
  /** A peer that does not take a connection and answer by then is not on the LAN, or not there. */
  headMs: 5_000,
  /** A message of bitswap that is not taken by then is given up. */
  messageMs: 5_000,
  /** Who sends less of a body while somebody waits all but stopped; over a minute, 17 KB a second are too few to hold a transfer for. */
  paces: [
    { bytes: 16 * KiB, ms: 5_000 },
    { bytes: 1024 * KiB, ms: 60_000 }
  ],
  /** A peer that answered within this time is worth waiting for. */
  warmMs: 60_000,
  /** After wrong bytes, and after it could not be reached or broke off. */
  liedMs: 3_600_000,
  failedMs: 10_000,
  /** Bodies in a row that may break off before that. */
  breaks: 3,
  /** Peers that are asked at a time: more only cost. */
  askedTogether: 16,
  /** Connections to one peer. */
  connections: 4,
  /** A connection for long bodies that nobody used for so long is ended: each holds half a megabyte. */
  bulkIdleMs: 5_000,
  /** One that is being opened is waited for so long, then a stream is used: it takes four round trips, for which a stream sends megabytes. */
  bulkWaitMs: 500,
  /** A peer of libp2p that offers none, or cannot be reached so, is not asked for one again before. */
  noBulkMs: 60_000,
  /** Offers of such connections that stand: a few of every peer. */
  bulkOffers: 256,
  /** Connections that may become one, of all and of one address; what comes beyond is libp2p's. */
  bulkYoung: 64,
  bulkYoungOfOne: 8,
  /** A ClientHello of ours has 300 bytes; one that is longer is somebody else's. */
  bulkHelloBytes: 1024,
  /** Peers found by themselves that are remembered: a LAN has fewer. */
  discovered: 256,
  /** The next peer is asked for a block too when the first has not answered by then. */
  hedgeMs: 150,
  /** Bitswap: the next connected peer is asked too when the first has not answered by then. */
  bitswapHedgeMs: 500,
  /** And is not waited for any longer then; who has no block says so at once. */
  bitswapAnswerMs: 8_000,
  /** Wants of all peers that wait to be answered; what comes beyond is dropped, and asked for again. */
  bitswapWaiting: 16_384,
  /** Of these one peer's: four of the longest messages, so that nobody takes all. */
  bitswapWaitingOfPeer: 4_096,
  /** Wants of a peer that are looked up at a time. */
  bitswapTogether: 64,
  /** A message to a peer is sent when its blocks have so many bytes: others take 4 MiB. */
  bitswapMessageBytes: 512 * KiB,
  /** Blocks that are being sent, of all peers together: those who read slowly hold them for seconds. */
  bitswapSendingBytes: 48 * 1024 * KiB,
  /** Streams of a connection: each message comes on one of its own. */
  bitswapStreams: 256,
  /** Bytes of messages begun that one connection may leave with us, eight of the longest that others send, and all together. */
  bitswapBegunBytes: 24 * 1024 * KiB,
  bitswapBegunTogether: 128 * 1024 * KiB,
  /** A stream on which nothing came for so long is ended. */
  streamIdleMs: 60_000,
  /** Names whose topics are joined; the one asked for longest ago is left for another. */
  topics: 512,
  /** Providers of a block that are dialled, and how long they are looked for. */
  providers: 4,
  providersMs: 10_000,
  /** Connections of libp2p, in and out; those that came, of a peer and of an address. */
  nodeConnections: 64,
  nodeConnectionsOfPeer: 4,
  nodeConnectionsOfAddress: 16,
  /** How often the LAN is asked who is there. */
  announceMs: 10_000
} as const
