import type { ErrorCode } from '../base/errors.ts'
import type { ProfileName } from '../unixfs/api.ts'
import type { PackedLeaves } from '../unixfs/leaves.ts'
import type { FileOutcome, Stripe } from './add-file.ts'
import type { StorePlace } from './api.ts'

/** What a hash thread is started with. */
export interface HashThreadData {
  readonly place: StorePlace
  readonly background: boolean
}

/** What hash threads are told and what they answer: plain values that a message can carry. */
export interface JobSettings {
  readonly profile: ProfileName
  readonly metadata: boolean
  readonly onlyHash: boolean
  /** `Tally.cancelled`. */
  readonly cancelled: SharedArrayBuffer
}

export type Job =
  | ReadingJob
  | { readonly kind: 'flush'; readonly durable: boolean }
  /** Flushes, closes and ends the thread. */
  | { readonly kind: 'close' }

export type ReadingJob =
  | {
      readonly kind: 'files'
      readonly settings: JobSettings
      readonly paths: readonly string[]
      readonly maxBytes: number | undefined
    }
  | { readonly kind: 'stripe'; readonly settings: JobSettings; readonly stripe: Stripe }

export interface JobResults {
  /** In the order of the paths. */
  readonly files: readonly FileOutcome[]
  readonly stripe: PackedLeaves
  readonly flush: undefined
  readonly close: undefined
}

export interface JobMessage {
  readonly id: number
  readonly job: Job
}

/** The first message of a thread is `ready`; then one answer a job, in order. */
export type ThreadMessage = 'ready' | JobAnswer

export type JobAnswer =
  | { readonly id: number; readonly result: JobResults[Job['kind']] }
  | {
      readonly id: number
      readonly failure: { readonly code: ErrorCode; readonly message: string }
    }
