import type { PullAnswer } from './api.ts'
import { bounds } from './bounds.ts'

/** The bytes that an answer's body will be kept with, if it is ever asked for. */
export function keptBytes({
  bytes = Number.POSITIVE_INFINITY
}: {
  bytes: number | undefined
}): number {
  return bytes <= bounds.keptBodyBytes ? bytes : 0
}

/** An answer whose body, if it is short, is read from the store once and then from memory; `served` is told how much each time after. */
export function withKeptBody(answer: PullAnswer, served: (bytes: number) => void): PullAnswer {
  if (keptBytes(answer) === 0) return answer
  let kept: Uint8Array | undefined
  return {
    ...answer,
    body: range => {
      if (range !== undefined) return answer.body(range)
      if (kept !== undefined) {
        served(kept.length)
        return [kept]
      }
      const body = answer.body()
      if (!(Symbol.iterator in body)) return body
      // Each piece is valid until the next one is asked for.
      const pieces: Buffer[] = []
      for (const piece of body) pieces.push(Buffer.from(piece))
      kept = Buffer.concat(pieces)
      return [kept]
    }
  }
}
