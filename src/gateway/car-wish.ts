import { Refusal } from './refusal.ts'

/** Which blocks a CAR is to hold: https://specs.ipfs.tech/http-gateways/trustless-gateway/#request-query-parameters */
export interface CarWish {
  /** The last block alone; the file or the folder itself; everything below. */
  readonly scope: 'block' | 'entity' | 'all'
  readonly bytes: EntityBytes | undefined
  /** Whether a block that is linked twice comes twice. */
  readonly duplicates: boolean
}

/** Both included; negative counts from the end of the file, undefined is its last byte. */
export interface EntityBytes {
  readonly from: number
  readonly to: number | undefined
}

/** From the query and from what stands behind the media type in `Accept`; the query first. Throws a refusal. */
export function parseCarWish(
  query: URLSearchParams,
  accepted: Readonly<Record<string, string>>
): CarWish {
  const version = query.get('car-version') ?? accepted.version ?? '1'
  if (version !== '1') throw new Refusal(406, 'only CAR version 1 is made here')
  const order = query.get('car-order') ?? accepted.order ?? 'dfs'
  if (order !== 'dfs' && order !== 'unk') throw new Refusal(406, 'the order of blocks is dfs')
  const dups = query.get('car-dups') ?? accepted.dups ?? 'n'
  if (dups !== 'y' && dups !== 'n') throw new Refusal(400, 'car-dups is y or n')
  const bytes = query.get('entity-bytes')
  const scope = query.get('dag-scope') ?? (bytes === null ? 'all' : 'entity')
  if (scope !== 'block' && scope !== 'entity' && scope !== 'all') {
    throw new Refusal(400, 'dag-scope is block, entity or all')
  }
  return {
    scope,
    bytes: bytes === null ? undefined : parseEntityBytes(bytes),
    duplicates: dups === 'y'
  }
}

function parseEntityBytes(text: string): EntityBytes {
  const [, from, to] = /^(-?\d{1,15}):(-?\d{1,15}|\*)$/.exec(text) ?? []
  if (from === undefined || to === undefined) {
    throw new Refusal(400, 'entity-bytes is from:to, in bytes')
  }
  const range = { from: Number(from), to: to === '*' ? undefined : Number(to) }
  const { from: first, to: last } = range
  const sameEnd = last !== undefined && first < 0 === last < 0
  if (sameEnd && last < first) throw new Refusal(400, 'entity-bytes ends before it begins')
  return range
}

/** Where the range lies in a file of this size: `start` inclusive, `end` exclusive; empty if none of it is there. */
export function resolveBytes(
  { from, to }: EntityBytes,
  size: number
): { start: number; end: number } {
  const start = Math.min(size, from < 0 ? Math.max(0, size + from) : from)
  const last = to === undefined ? size - 1 : to < 0 ? size + to : Math.min(to, size - 1)
  return { start, end: Math.max(start, last + 1) }
}
