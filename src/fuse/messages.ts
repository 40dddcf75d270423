import type { ErrorCode, Want } from '../base/errors.ts'

/** What a thread tells the main thread; it never hears back, for it blocks in `read`. */
export type ThreadMessage =
  | { readonly kind: 'serving' }
  /** Requests come faster than the threads answer. */
  | { readonly kind: 'grow' }
  /** `request` lacks `want`: fetch that, answer the request. */
  | { readonly kind: 'deferred'; readonly request: Uint8Array<ArrayBuffer>; readonly want: Want }
  /** The caller of request `unique` was interrupted. */
  | { readonly kind: 'interrupt'; readonly unique: number }
  | {
      readonly kind: 'fault'
      readonly opcode: number
      readonly ino: number
      readonly code: ErrorCode
      readonly message: string
      readonly stack: string | undefined
    }
