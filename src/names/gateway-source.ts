import type { CID } from 'multiformats/cid'
import { CairnError, toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { BlockSource, NameSource } from '../base/name-source.ts'
import { recordBytes } from './record.ts'

const forms = {
  record: 'application/vnd.ipfs.ipns-record',
  raw: 'application/vnd.ipld.raw'
} as const

/**
 * A trustless gateway, of a peer or anybody: records and blocks over HTTP. `base` is a URL that ends
 * with a slash. https://specs.ipfs.tech/http-gateways/trustless-gateway/
 */
export function openGatewaySource(base: string): NameSource & BlockSource {
  const label = `the gateway ${new URL(base).host}`
  return {
    label,
    ask: async (name, signal) => {
      const url = new URL(`ipns/${name}?format=ipns-record`, base)
      const record = await get(url, forms.record, recordBytes, signal)
      return record === undefined ? [] : [record]
    },
    fetch: (cid: CID, signal) =>
      get(new URL(`ipfs/${cid}?format=raw`, base), forms.raw, limits.blockBytes, signal)
  }
}

/** The body, or undefined where there is none. Throws `upstream`, `file-too-large`. */
async function get(
  url: URL,
  accept: string,
  mostBytes: number,
  signal: AbortSignal
): Promise<Uint8Array | undefined> {
  let answer: Response
  try {
    answer = await fetch(url, { headers: { accept }, redirect: 'error', signal })
  } catch (cause) {
    throw asUpstream(cause)
  }
  if (answer.status === 200) return await readBody(answer, mostBytes)
  await answer.body?.cancel()
  if (answer.status === 404 || answer.status === 410) return undefined
  throw new CairnError('upstream', `it answers ${answer.status}`)
}

async function readBody(answer: Response, mostBytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const piece of answer.body ?? []) {
      bytes += piece.byteLength
      if (bytes > mostBytes) {
        throw new CairnError('file-too-large', `it sends more than ${mostBytes} bytes`)
      }
      pieces.push(piece)
    }
  } catch (cause) {
    throw cause instanceof CairnError ? cause : asUpstream(cause)
  }
  return Buffer.concat(pieces)
}

/** `fetch` hides why in its cause. */
function asUpstream(thrown: unknown): CairnError {
  const { code, message } = toCairnError(thrown)
  if (code === 'aborted' || code === 'timeout') return new CairnError(code, message)
  const inner = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown
  return new CairnError('upstream', `it cannot be reached: ${toCairnError(inner).message}`, {
    cause: thrown
  })
}
