const KiB = 1024
const MiB = 1024 * KiB
const GiB = 1024 * MiB

/** Every bound, with its unit in the name and its reason beside it. */
export const limits = {
  /** NAME_MAX of Linux; longer names cannot be shown in a mount. */
  nameBytes: 255,
  /** PATH_MAX of Linux bounds a symlink's target. */
  symlinkBytes: 4096,
  /** The largest block taken in: bitswap's and the trustless gateway's common bound. */
  blockBytes: 4 * MiB,
  /** From this size on a file that is sealed becomes a segment as it is: less would make many files. */
  adoptedFileBytes: 32 * MiB,
  /** Blocks of such a file at most: their rows are one transaction, of some tenths of a second. */
  adoptedLeaves: 32_768,
  /** Above it a segment is finished and a new one begun: few files, yet cheap to compact. */
  segmentBytes: 1 * GiB,
  /** Bytes of small blocks a writer gathers (copies) for one system call; more gains nothing. */
  writeBatchBytes: 1 * MiB,
  /** From this size on a block is written at once from where it lies: the call costs less than the copy. */
  writeDirectBytes: 64 * KiB,
  /** Index rows of one transaction: a few milliseconds in which other writers wait. */
  writeBatchBlocks: 1024,
  /** Segments without a row that a start takes in by itself, as crashes leave them; more mean a lost index. */
  adoptedSegments: 4,
  /** Segments a thread holds open for reading, and block locations it remembers. */
  openSegments: 64,
  cachedLocations: 16_384,
  /** Levels of a UnixFS file or sharded directory: 1024-wide trees reach 2^60 bytes in six. */
  dagDepth: 32,
  /** Links of one dag-pb node; the widest profile uses 1024, old kubo directories more. */
  nodeLinks: 200_000,
  /** Kept free on the home's disk, so that files can still be deleted when it is full: room for a log at its longest, twice. */
  reservedBytes: 32 * MiB,
  /** What one thread may write before it looks again how full the disk is. */
  reserveGrantBytes: 1 * MiB,
  /** How long a writer waits for another process's transaction. */
  databaseBusyMs: 10_000,
  /** Pages a connection remembers: digests fall everywhere in the index, so 2 MiB would cost imports a third. */
  databaseCacheBytes: 8 * MiB,
  /** Prepared statements a connection keeps: more than Cairn has, so only made-up texts are forgotten. */
  databaseStatements: 512,
  /** The write-ahead log is folded back in the background once it is this long. */
  checkpointBytes: 16 * MiB,
  /** Largest request FUSE hands over: max_pages 256 of 4 KiB. */
  fuseRequestBytes: 1 * MiB,
  /** A fetch that a FUSE operation waits for is given up after this. */
  missingWaitMs: 30_000,
  /** An index, Release file or packument read into memory by `learn`. */
  documentBytes: 256 * MiB,
  /** A Release that is read into memory to check its signature: the longest have a megabyte. */
  releaseBytes: 16 * MiB,
  /** Values in a JSON document that is parsed whole: the longest packuments have two million. */
  documentValues: 8_000_000,
  /** A document of which others are made, read into memory: the longest packuments have 40 MiB. */
  derivedBytes: 128 * MiB,
  /** Requests that are passed on: an audit of thousands of packages, and what comes back. */
  passedRequestBytes: 4 * MiB,
  passedAnswerBytes: 64 * MiB,
  /** A package that is published: JSON with its tarball in base64; and bodies that only name something. */
  publishBytes: 192 * MiB,
  smallBodyBytes: 64 * KiB,
  /** Results of one search, and how deep the dependencies in an audit may lie. */
  searchResults: 250,
  auditDepth: 256,
  /** Logins that a person finishes in a browser: for so long, and so many at a time. */
  loginMs: 600_000,
  loginSessions: 1_000,
  /** A manifest or index of images: what registries take at least, and most at most. */
  manifestBytes: 4 * MiB,
  /** An upload that nobody went on with for so long is dropped; looked for once in a while. */
  uploadIdleMs: 7 * 86_400_000,
  uploadSweepMs: 3_600_000,
  /** Names in one answer that lists tags or repositories. */
  registryPage: 1_000,
  /** Pages of one list of referrers that an upstream sends. */
  listPages: 100,
  /** A list of tags that an upstream sends: some have tens of thousands. */
  tagListBytes: 16 * MiB,
  /** What answers a request for a token, tokens held, and how long before its end one is not used any more. */
  tokenAnswerBytes: 1 * MiB,
  heldTokens: 10_000,
  tokenMarginMs: 10_000,
  /** Unpacking an archive: plain bytes, ratio to the packed size, and entries. */
  unpackedBytes: 2 * GiB,
  unpackedRatio: 100,
  unpackedEntries: 1_000_000,
  /** Owner and attributes of one entry of an image, in their side record and in its layer. */
  sideFactsBytes: 1 * MiB,
  /** Parts of symlinks' targets that the paths of an image's entries lead over: a million through /lib have one each. */
  unpackedLinkSteps: 8_000_000,
  /** The index in a layer, packed and plain; one of 50,000 files has 15 MiB. What is read of a layer's end to find it. */
  layerIndexBytes: 32 * MiB,
  layerTailBytes: 64 * KiB,
  /** A file that is had by its layer's index before its layer is here, and one chunk of it, which is held in memory. */
  indexedFileBytes: 128 * MiB,
  indexedChunkBytes: 16 * MiB,
  /** Folders one in another: the deepest packages have 40. */
  unpackedDepth: 256,
  /** An upstream that sends nothing for this long has failed. */
  upstreamIdleMs: 30_000,
  /** Time to get the head of an answer, connections, further tries and the pauses between them included: apt leaves after 30 s. */
  upstreamHeadMs: 15_000,
  /** A "not found" of an upstream is believed this long. */
  negativeMs: 30_000,
  /** A client that has not sent its request's head by then is dropped; one between requests is kept so long. */
  httpHeadMs: 20_000,
  httpIdleMs: 30_000,
  /** One that has a request in progress and takes or sends nothing for so long is cut: a paused film comes back by range. */
  httpStallMs: 120_000,
  /** The certificate of the port for others is read again this often: who renews it need not know of us. */
  tlsRenewMs: 60_000,
  /** Open connections: below the 1024 files of a plain limit, with room for the store's own. */
  httpConnections: 800,
  /** Of these without a request in progress; then the oldest gives way to the newest. */
  httpWaiting: 400,
  /** Requests of one connection at a time: apt sends ten ahead, HTTP/1.1 clients else none. */
  httpTogether: 16,
  /** What the daemon gives answers under way, and then the sealing of /mfs, when it is told to stop. */
  drainMs: 5_000,
  stopSealMs: 10_000,
  /** A file being written is a row up to this size, and a file of its own above: each write copies the row. */
  smallDraftBytes: 16 * KiB,
  /** /mfs is sealed in the background when nothing was written to it for so long. */
  sealIdleMs: 5_000,
  /** A folder that is published is sealed after so short a rest: followers wait for it. */
  publishedIdleMs: 250,
  /** Or after so long though writing goes on. */
  publishedLatestMs: 10_000,
  /** And no sooner than so many times as long as the last seal took: what is published must not keep a core busy. */
  publishedRests: 20,
  /** Again after so long if something is still not sealed, as files are that stay open for writing. */
  sealAgainMs: 60_000,
  /** And after so long though writing goes on: a log that grows every second must not end the history. */
  sealLatestMs: 600_000,
  /** An XML body of a WebDAV request, the elements and levels in it: a PROPFIND of a hundred properties has 102 and 3. */
  davXmlBytes: 1 * MiB,
  davXmlElements: 5_000,
  davXmlDepth: 64,
  /** Locks last this long at most unless refreshed, and so many may be held: a client takes one a file it has open. */
  davLockSeconds: 3600,
  davLocks: 10_000,
  /** One user of other machines leaves the rest of them to the others. */
  davLocksOfUser: 2_500,
  /** Shared locks on one path, and those above it. */
  davLocksTogether: 256,
  /** CIDs that /dav/ipfs lists, the last ones asked for. */
  davVisited: 1_000,
  /** A visit is written down again after so long: reading must not write each time. */
  davVisitedMs: 3_600_000,
  /** The owner that a lock shows, as XML: a name and an address. */
  davLockOwner: 2_048,
  /** Name and namespace of one XML element; the longest in use have 60. */
  davXmlName: 512,
  /** Dead properties of one resource, as text. */
  davPropertyBytes: 256 * KiB,
  /** Names of a path; each is looked up by every request that has it, so what lies deeper is not asked for here. */
  davPathNames: 256,
  /** What a GET reads at a time, and what all GETs together hold before each is given the least. */
  davPieceBytes: 512 * KiB,
  davPieceLeastBytes: 64 * KiB,
  davPiecesBytes: 32 * MiB,
  /** Text shorter than this is not packed: it fits one packet of the network. */
  davPackedLeastBytes: 1_400,
  /** Work of one request goes on so long, in milliseconds, before the others have their turn. */
  davTurnMs: 10,
  /** Ranges of one GET; more are answered by the whole. */
  davRanges: 32,
  /** Members of a tree that a PROPFIND of depth infinity tells of; of a larger one it is refused. */
  davInfiniteMembers: 10_000,
  /** Changes that a client which bounds them is told of: they are gathered before the answer begins. */
  davSyncResults: 10_000,
  /** Drafts up to this size are copied by COPY; larger ones are sealed first, and then shared. */
  davCopyBytes: 16 * MiB,
  /** Links followed on the way to one path, as Linux does. */
  symlinksFollowed: 40,
  /** Characters of a user's password: fewer are guessed, more are no password. */
  secretLeast: 12,
  secretMost: 256,
  /** An Authorization header that is looked at: name and password in base64, with room. */
  authorizationCharacters: 2_048,
  /** Failures to sign in from one place in one while, then none is looked at for the rest of it; places remembered. */
  signInFailures: 10,
  signInFailureMs: 600_000,
  signInPlaces: 10_000,
  /** Passwords being checked, and waiting for it: each takes a third of a second and 32 MiB, one at a time. */
  signInChecks: 32,
  /** Networks that one token is bound to: each is looked at in each request. */
  tokenNetworks: 64,
  /** Right ones that are remembered, so that they are checked once. */
  signInRemembered: 1_000,
  /** Records of an own key that others made, kept for each. */
  nameHeads: 64,
  /** Where a name stood that was looked into without being followed is known so long, and that nobody has it. */
  nameVisitMs: 60_000,
  /** Such names at most. */
  nameVisits: 256,
  /** Others are asked for so many of them at once, then for one in so long. */
  nameVisitsAtOnce: 16,
  nameVisitEveryMs: 2_000,
  /** Who looks into one waits so long at most. */
  nameVisitWaitMs: 8_000,
  /** A record is handed to others, in the background, for so long. */
  nameTellMs: 60_000,
  /** A person who asks for a followed name waits so long at most, with all of its content. */
  nameRefreshMs: 3_600_000,
  /** How often is looked for records that end within half their lifetime. */
  nameRenewMs: 60_000,
  /** How often others are asked for own names: another machine may have the key. */
  nameWatchMs: 600_000,
  /** A followed name is asked for again after its time to live, but not sooner or later than this. */
  nameLeastWaitMs: 60_000,
  nameMostWaitMs: 3_600_000,
  /** Bodies that are sent to peers at a time; who asks for more is told to come again. */
  peerTransfers: 32,
  /** And to one peer, once half of them are taken: a Cairn asks for four at a time. */
  peerTransfersOfOne: 8,
  /** Blocks that are fetched ahead of a reading, at most: 16 MiB at most profiles' size of leaves. */
  blocksAhead: 16,
  /** CIDs of one list that a peer is sent, and its bytes: 36 of each CID, and twice that for longer hashes. */
  blocksTogether: 1024,
  blockListBytes: 72 * KiB,
  /** What is asked for in one list, by the sizes that links claim: small against what several peers share. */
  blocksTogetherBytes: 8 * MiB,
  /** CIDs that wait to be asked for: four lists. */
  blocksWaiting: 4096,
  /** A transfer waits so long, since the last block came, for peers that failed: three times what they rest. */
  transferPatienceMs: 30_000,
  /** Nodes with links of one DAG that is brought here, each remembered at 80 bytes, 120 while it is not opened; a terabyte's tree has a million. */
  transferNodes: 4_000_000,
  /** Connections of peers, and of one address, behind which there may be several. */
  peerConnections: 128,
  peerConnectionsOfOne: 32,
  /** A record of a name: https://specs.ipfs.tech/ipns/ipns-record/#record-size-limit */
  recordBytes: 10 * KiB,
  /** What the gateway reads of a file at a time. */
  gatewayPieceBytes: 512 * KiB,
  /** Blocks of a CAR that come again where a client wants that: a DAG may link one a billion times. */
  carDuplicates: 100_000,
  /** Blocks that are known to be shared: some 150 bytes of memory each. What is beyond is not served. */
  sharedBlocks: 4_000_000,
  /** A shared folder that is not all here is walked again after so long, when a block is asked for that was not found. */
  sharedAgainMs: 10_000,
  /** How long a cache between may keep a record, whatever the record says. */
  recordMaxAgeMs: 86_400_000,
  /** The largest body the control API takes. */
  controlBodyBytes: 1 * MiB
} as const
