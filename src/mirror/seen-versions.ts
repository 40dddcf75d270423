import type { Socket } from 'node:net'
import type { Digest } from '../base/digest.ts'
import type { Classification } from '../pull/adapter.ts'
import type { Moment, PullAnswer } from '../pull/api.ts'

/**
 * Which version of each document a client was given on its connection. apt asks for a Release and
 * then, on the same connection, for indexes by their plain names: they must be those that this
 * Release names, also when a newer one was taken over between the two requests.
 */
export class SeenVersions {
  readonly #byConnection = new WeakMap<Socket, Map<string, Digest>>()

  remember(connection: Socket, { key, takeover }: Classification, answer: PullAnswer): void {
    if (takeover === undefined || answer.digest === undefined) return
    const seen = this.#byConnection.get(connection) ?? new Map<string, Digest>()
    seen.delete(key)
    seen.set(key, answer.digest)
    const [oldest] = seen.keys()
    if (seen.size > rememberedDocuments && oldest !== undefined) seen.delete(oldest)
    this.#byConnection.set(connection, seen)
  }

  /** The version that is to name the item, the last of those given; undefined if the connection got none that may. */
  of(connection: Socket, { namedBy, takenWith }: Classification): Moment | undefined {
    const seen = this.#byConnection.get(connection)
    if (seen === undefined) return undefined
    const documents = namedBy?.documents ?? (takenWith === undefined ? [] : [takenWith.key])
    const last = [...seen].findLast(([key]) => documents.includes(key))
    return last === undefined ? undefined : { of: 'version', document: last[0], digest: last[1] }
  }
}

/** Suites that one client has of one host. */
const rememberedDocuments = 64
