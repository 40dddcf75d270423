import type { Digest } from '../base/digest.ts'

/**
 * What a package ecosystem tells the pull-through engine: pure functions, no I/O, no clock. The
 * engine does freshness, single flight, verification, storing and serving, the same for all.
 */
export interface Adapter {
  /** First part of its URL and of its catalog keys: `apt`, `npm`, `oci`. */
  readonly name: string
  /** What a request is for. Undefined: not of this adapter (404). Throws `invalid` on a hostile path. */
  classify: (request: AdapterRequest) => Classification | undefined
  /**
   * What a document just stored says of other items: their digests, by key. Called with the whole
   * document's bytes as a stream; reading stops after `limits.documentBytes`. What makes more of
   * them (decompression) bounds that itself, and looks at `signal` while it does. Only for items
   * classified with a `document`.
   */
  learn?: (
    item: LearnItem,
    document: AsyncIterable<Uint8Array>,
    signal?: AbortSignal
  ) => AsyncIterable<Learned>
  /** Unpacks an archive for the mount; undefined for items that are not archives. */
  unpack?: (key: string) => Unpacker | undefined
}

export interface AdapterRequest {
  /** Decoded path below the adapter's prefix, no leading slash, e.g. `debian/dists/bookworm/InRelease`. */
  readonly path: string
  /** Lower-cased names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Upstreams configured for this adapter, by name. */
  readonly upstreams: Readonly<Record<string, Upstream>>
}

export interface Upstream {
  readonly name: string
  /** Base URL, http or https, ends with a slash. */
  readonly url: string
  /** The keys that its documents are signed with; undefined: they are not checked here. */
  readonly keyring?: () => Promise<Uint8Array>
  /** What is here was published here: nothing of it is ever asked for at the URL. */
  readonly hosted?: boolean
}

export interface Classification {
  /** Catalog key, unique over all adapters and normalised: `apt/debian/pool/main/h/hello/hello_2.10-3_amd64.deb`. */
  readonly key: string
  /** Where the bytes are upstream; built from configuration and the checked path only, never from a document. */
  readonly url: string
  /** Immutable items are never asked for again; mutable ones are revalidated once older than this. */
  readonly freshness:
    | { readonly kind: 'immutable' }
    | { readonly kind: 'mutable'; readonly maxAgeMs: number }
  /** A digest the request itself names (by-hash); the catalog may know one by key besides. */
  readonly digest?: Digest
  readonly mediaType: string
  /**
   * Set if `learn` wants to read it once stored: the name of the document that this is a version or
   * a form of. A newer one replaces all that was learnt by this name; one that says nothing changes nothing.
   */
  readonly document?: string
  /** Set if the bytes are not fetched but made of another item's, once for each version of it. */
  readonly derived?: Derivation
  /** The document that names this item's digest: had, and learnt, before the item is first fetched. */
  readonly voucher?: Classification
  /** Set of a document that names others by digest: a new version is taken over together with those of them that are in use. */
  readonly takeover?: Takeover
  /** Of an item that is taken over with another: that one. */
  readonly takenWith?: Classification
  /**
   * The documents that may name this item's digest, and the ways to get what they name. A client that
   * got one of them, as it was at some time, is to get this item as it was then.
   */
  readonly namedBy?: { readonly documents: readonly string[]; readonly ways: Takeover['ways'] }
  /** A step on the way to another item: its versions are not remembered. */
  readonly passing?: boolean
  /** Published here: served from what is held, and never asked for. */
  readonly hosted?: boolean
  /** The stored bytes are so encoded; clients that do not take it are sent them decoded. */
  readonly encoding?: 'gzip'
  /** What the upstream is told besides, the media types taken above all. */
  readonly requestHeaders?: Readonly<Record<string, string>>
  /** Request headers that decide which item is meant, as `Vary` lists them. */
  readonly vary?: string
}

/** How a new version of a document that names others is taken over. */
export interface Takeover {
  /** Where it is kept until then. */
  readonly next: Classification
  /** Items that belong to it without being named by it (a signature apart), and where they are kept until then. */
  readonly companions: ReadonlyArray<{
    readonly item: Classification
    readonly next: Classification
  }>
  /**
   * Whether its maker made it; the bytes of companions in their order, and of the version that is held. Throws
   * `denied` with why not.
   */
  readonly verify?: (
    document: Uint8Array,
    companions: ReadonlyArray<Uint8Array | undefined>,
    held: Uint8Array | undefined
  ) => Promise<void>
  /** Of `verify`: is another when those who are believed are others. */
  readonly trust?: () => Promise<string>
  /** The ways to get what the document names, to be tried in turn; each has the digest, and all have one key. */
  readonly ways: (named: Learned) => readonly Classification[]
}

/** How an item is made of a document. */
export interface Derivation {
  readonly source: Classification
  /**
   * What decides the bytes besides the source. Its first word says who asks: one variant is held for each, and
   * for a few of them.
   */
  readonly variant: string
  /** Pure. Throws `upstream` for a document that is not what it should be. */
  readonly make: (document: Uint8Array) => Promise<Uint8Array>
}

export interface LearnItem {
  readonly key: string
  readonly url: string
}

/** "The item of this key has these bytes", said by a document of the same upstream. */
export interface Learned {
  readonly key: string
  readonly digest: Digest
  readonly bytes?: number
}

/**
 * Turns an archive's bytes into entries, in a stream. Of all plain bytes, those of entries left out
 * too, at most `limits.unpackedBytes` come out of it: then it throws `file-too-large`.
 */
export type Unpacker = (archive: AsyncIterable<Uint8Array>) => AsyncIterable<UnpackedEntry>

export interface UnpackedEntry {
  /** Slash-separated, relative, checked by the receiver part by part. */
  readonly path: string
  readonly kind: 'file' | 'directory' | 'symlink' | 'link'
  readonly mode: number
  readonly mtimeSeconds: number
  /** Target of a symlink, or path within the archive of a hard link. */
  readonly target?: string
  /** Of a file: must be read to its end before the next entry. */
  readonly content?: AsyncIterable<Uint8Array>
}

/** What one layer of an image changes: entries it adds, and what of the layers below it takes away. */
export interface LayerEntry extends Omit<UnpackedEntry, 'kind'> {
  /** `whiteout`: the path itself is gone; `opaque`: all that lower layers have below the path is. */
  readonly kind: UnpackedEntry['kind'] | 'device' | 'whiteout' | 'opaque'
  /** Any number: the receiver checks them. */
  readonly uid: number
  readonly gid: number
  /** Of a `device`. */
  readonly device?: {
    readonly type: 'character' | 'block' | 'fifo'
    readonly major: number
    readonly minor: number
  }
  /** Extended attributes to be shown, by name. */
  readonly xattrs?: ReadonlyMap<string, Uint8Array>
}

/**
 * What an image says, beside a layer, of what is in it, in the layer's order. The `content` of a file is fetched when
 * it is read, at any time; what comes of it was verified.
 */
export interface LayerIndex {
  readonly entries: readonly IndexedEntry[]
}

export interface IndexedEntry extends LayerEntry {
  /** Only its path and kind are known: the layer itself tells the rest. */
  readonly later?: boolean
}
