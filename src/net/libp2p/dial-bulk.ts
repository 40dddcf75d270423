import { once } from 'node:events'
import { type ConnectionOptions, connect } from 'node:tls'
import type { Connection } from '@libp2p/interface'
import { byteStream } from '@libp2p/utils'
import { CairnError } from '../../base/errors.ts'
import { bounds } from '../bounds.ts'
import { SocketReader } from '../socket-reader.ts'
import { type BulkOffer, bulkProtocol, bulkTls, decodeOffer, offerBytes } from './bulk-offer.ts'

/**
 * Opens connections for long bodies beside libp2p's, to the same machine. Gives undefined where none is to be had:
 * the peer is an older one, or its port lets nobody in; it is not tried again for a while then.
 */
export function bulkDialer(
  connected: () => Promise<Connection>
): () => Promise<SocketReader | undefined> {
  let restsUntilMs = 0
  return async () => {
    if (performance.now() < restsUntilMs) return undefined
    try {
      return await dialBulk(await connected(), AbortSignal.timeout(bounds.headMs))
    } catch {
      // Whatever kept it, streams go on as they did.
      restsUntilMs = performance.now() + bounds.noBulkMs
      return undefined
    }
  }
}

async function dialBulk(connection: Connection, signal: AbortSignal): Promise<SocketReader> {
  const { host, port } = placeOf(connection)
  const stream = await connection.newStream(bulkProtocol, { signal })
  const bytes = byteStream(stream)
  const offer = decodeOffer((await bytes.read({ bytes: offerBytes, signal })).subarray())
  void stream.close({ signal }).catch(() => {})
  return await openSecured(host, { ...offer, port: port ?? offer.port }, signal)
}

/** Takes an offer. Throws what kept it from that. */
export async function openSecured(
  host: string,
  { port, identity, secret }: BulkOffer,
  signal: AbortSignal
): Promise<SocketReader> {
  const options: ConnectionOptions = {
    ...bulkTls,
    host,
    port,
    pskCallback: () => ({ psk: secret, identity }),
    // Asked only where a certificate was shown: then it is not who told the secret.
    checkServerIdentity: () => new Error('it shows a certificate')
  }
  const reader = new SocketReader(onread => connect(Object.assign(options, { onread })))
  try {
    await once(reader.socket, 'secureConnect', { signal })
    return reader
  } catch (cause) {
    reader.destroy(new CairnError('upstream', 'no connection for long bodies', { cause }))
    throw cause
  }
}

/** The port is the one that was dialled: it may be another than the peer knows of. Of who dialled us only the host is known. */
function placeOf({ remoteAddr, direction }: Connection): {
  readonly host: string
  readonly port: number | undefined
} {
  const [, host, port] =
    /^\/ip[46]\/([^/]+)\/tcp\/(\d+)(?:\/p2p\/\w+)?$/.exec(`${remoteAddr}`) ?? []
  if (host === undefined) throw new CairnError('unsupported', 'the connection is not of TCP alone')
  return { host, port: direction === 'outbound' ? Number(port) : undefined }
}
