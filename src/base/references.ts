import { CID } from 'multiformats/cid'
import type { Multihash } from './blocks.ts'

/** A DAG's top: its codec says whether, and how, links are read from it. */
export interface DagTop {
  readonly codec: number
  readonly multihash: Multihash
}

/** A column whose values name DAGs: all they lead to is kept from collection. NULL names nothing. */
export interface Reference {
  readonly table: string
  readonly column: string
  /** The column of the same row that holds the codec, where the value is a bare multihash. */
  readonly codecColumn?: string
  /** Undefined for a value that names no content. */
  readonly read: (value: unknown, codec: unknown) => DagTop | undefined
}

export function cidTextColumn(table: string, column = 'cid'): Reference {
  return { table, column, read: value => topOf(CID.parse(String(value))) }
}

export function cidBytesColumn(table: string, column = 'cid'): Reference {
  return { table, column, read: value => topOf(CID.decode(Uint8Array.from(value as Uint8Array))) }
}

/** A multihash with its codec beside it. */
export function multihashColumn(table: string): Reference {
  return {
    table,
    column: 'multihash',
    codecColumn: 'codec',
    read: (value, codec) => ({
      codec: Number(codec),
      multihash: Uint8Array.from(value as Uint8Array)
    })
  }
}

export function topOf(cid: CID): DagTop {
  return { codec: cid.code, multihash: cid.multihash.bytes }
}
