import type { ErrorCode } from '../../src/base/errors.ts'
import type { Learned } from '../../src/pull/adapter.ts'
import { readDigests } from './read-digests.ts'
import { type Publication, readPublication } from './read-publication.ts'
import { type Writing, writePackument } from './write-packument.ts'

/** Work on one document. */
export type DocumentWork =
  | { readonly kind: 'write'; readonly writing: Writing; readonly bytes: Uint8Array }
  | {
      readonly kind: 'digests'
      readonly prefix: string
      readonly name: string
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'publication'; readonly name: string; readonly bytes: Uint8Array }

export interface DocumentJob {
  readonly id: number
  readonly work: DocumentWork
}

export interface DocumentAnswer {
  readonly id: number
  readonly result?: unknown
  readonly error?: { readonly code: ErrorCode; readonly message: string }
}

/** Does the work on this thread; `moves`: memory of the result that may be handed over. */
export function doDocumentJob(work: DocumentWork): {
  result: Uint8Array | readonly Learned[] | Publication
  moves: Uint8Array[]
} {
  if (work.kind === 'digests') {
    return { result: readDigests(work.prefix, work.name, work.bytes), moves: [] }
  }
  if (work.kind === 'write') {
    const result = writePackument(work.writing, work.bytes)
    return { result, moves: [result] }
  }
  const result = readPublication(work.name, work.bytes)
  return { result, moves: result.tarballs.map(({ bytes }) => bytes) }
}
