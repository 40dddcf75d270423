import type { Libp2p, PeerId } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { limits } from '../../base/limits.ts'
import { encodeFields, listFields } from '../../base/protobuf-fields.ts'
import { bounds } from '../bounds.ts'
import { nameOfRoutingKey, routingKey } from './name-records.ts'

/** https://github.com/libp2p/specs/blob/master/fetch/README.md */
const protocol = '/libp2p/fetch/0.0.1'
const request = { identifier: 1 } as const
const response = { status: 1, data: 2 } as const
const status = { ok: 0n, notFound: 1n } as const

/** Answers who joins a topic with the newest record that is held of its name, as Kubo asks for it. */
export async function serveRecords(
  node: Libp2p,
  held: (name: string) => Uint8Array | undefined
): Promise<void> {
  await node.handle(
    protocol,
    async stream => {
      const until = { signal: AbortSignal.timeout(bounds.headMs) }
      try {
        const messages = lpStream(stream, { maxDataLength: 1024 })
        const key = bytesOf((await messages.read(until)).subarray(), request.identifier)
        const name = key === undefined ? undefined : nameOfRoutingKey(key)
        const record = name === undefined ? undefined : held(name)
        const fields =
          record === undefined
            ? [{ number: response.status, value: status.notFound }]
            : [
                { number: response.status, value: status.ok },
                { number: response.data, value: record }
              ]
        await messages.write(encodeFields(fields), until)
        await stream.close(until)
      } catch (cause) {
        stream.abort(cause as Error)
      }
    },
    { maxInboundStreams: bounds.connections }
  )
}

/** What a peer holds of a name, unverified. Undefined if it has none. Throws what kept it from answering. */
export async function fetchRecord(
  node: Libp2p,
  peer: PeerId,
  name: string,
  signal: AbortSignal
): Promise<Uint8Array | undefined> {
  const until = { signal: AbortSignal.any([signal, AbortSignal.timeout(bounds.headMs)]) }
  const stream = await node.dialProtocol(peer, protocol, until)
  try {
    const messages = lpStream(stream, { maxDataLength: limits.recordBytes + 64 })
    const asked = encodeFields([{ number: request.identifier, value: routingKey(name) }])
    await messages.write(asked, until)
    const answer = (await messages.read(until)).subarray()
    await stream.close(until)
    return bytesOf(answer, response.data)
  } catch (cause) {
    stream.abort(cause as Error)
    throw cause
  }
}

function bytesOf(message: Uint8Array, wanted: number): Uint8Array | undefined {
  const found = listFields(message).find(({ number }) => number === wanted)?.value
  return found instanceof Uint8Array && found.byteLength > 0 ? found : undefined
}
