/** What is put to the thread, one a thread. Bytes and armoured text. */
export type OpenpgpJob =
  | {
      readonly kind: 'verify'
      /** Armoured or binary keys, one after the other. */
      readonly keyring: Uint8Array
      /** A cleartext-signed document if there is no `signature`. */
      readonly document: Uint8Array
      readonly signature: Uint8Array | undefined
    }
  | { readonly kind: 'make-key'; readonly name: string }
  | { readonly kind: 'sign'; readonly privateKey: string; readonly text: string }

export interface Verified {
  /** Why no signature counts; undefined if one does. */
  readonly problem: string | undefined
}

export interface KeyPair {
  readonly privateKey: string
  readonly publicKey: string
}

export interface Signed {
  /** The text with its signature around it: an InRelease. */
  readonly inline: string
  /** The signature apart: a Release.gpg. */
  readonly detached: string
}

export type OpenpgpAnswer =
  | { readonly kind: 'verify'; readonly result: Verified }
  | { readonly kind: 'make-key'; readonly result: KeyPair }
  | { readonly kind: 'sign'; readonly result: Signed }
  | { readonly kind: 'failed'; readonly message: string }
