import type { IpnsRecord } from './record.ts'

/**
 * What an offered record is beside the one that is held. `newer` takes its place. `older` is a replay:
 * the sequence went back, or an equal one ends sooner.
 */
export type Judgement = 'newer' | 'same' | 'older' | 'expired'

/**
 * The specification's choice (the highest sequence, then the latest end of life), and of two that
 * are still equal the greater bytes, so that all who see both choose alike. What is past its end of
 * life takes no place. https://specs.ipfs.tech/ipns/ipns-record/#record-verification
 */
export function judgeRecord(
  held: IpnsRecord | undefined,
  offered: IpnsRecord,
  nowMs: number
): Judgement {
  if (held !== undefined && Buffer.compare(held.bytes, offered.bytes) === 0) return 'same'
  if (offered.endMs <= nowMs) return 'expired'
  if (held === undefined || compareRecords(held, offered) < 0) return 'newer'
  return 'older'
}

/** Below 0 if `other` is to be preferred. */
export function compareRecords(one: IpnsRecord, other: IpnsRecord): number {
  if (one.sequence !== other.sequence) return one.sequence < other.sequence ? -1 : 1
  return one.endMs - other.endMs || Buffer.compare(one.bytes, other.bytes)
}
