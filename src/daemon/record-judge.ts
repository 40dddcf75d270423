import type { Clock } from '../base/clock.ts'
import { CairnError } from '../base/errors.ts'
import type { Names } from '../names/api.ts'
import { compareRecords } from '../names/judge-record.ts'
import { decodeRecord } from '../names/record.ts'
import { parseRecordValue } from '../names/record-value.ts'
import type { RecordJudge } from '../net/libp2p/name-records.ts'

/** What libp2p's pubsub and DHT ask of records: layers one and two meet here. */
export function openRecordJudge(
  names: Pick<Names, 'record'>,
  clock: Clock,
  onRecord: (name: string, record: Uint8Array) => void
): RecordJudge {
  return {
    check: (name, bytes) => {
      if (decodeRecord(name, bytes).endMs > clock.nowMs()) return
      throw new CairnError('mismatch', `a record of ${name} is past its end of life`)
    },
    compare: (name, one, other) =>
      compareRecords(decodeRecord(name, one), decodeRecord(name, other)),
    contentOf: (name, bytes) => {
      const target = parseRecordValue(decodeRecord(name, bytes).value)
      return target.kind === 'content' && target.path.length === 0 ? target.cid : undefined
    },
    held: name => names.record(name)?.bytes,
    onRecord
  }
}
