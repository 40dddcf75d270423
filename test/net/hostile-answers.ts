import { codec, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import { limits } from '../../src/base/limits.ts'
import { type Answer, type CID, carHeader, recordOf } from './bulk-world.ts'

/** What peers answer to a list of blocks who lie: each is banned for it. */
export const lies: Readonly<Record<string, Answer>> = {
  'other bytes': (cids, response, record) => {
    response.write(carHeader)
    for (const cid of cids) response.write(altered(record(cid)))
    response.end()
  },
  'a block that was not asked for': (_, response) => {
    response.write(carHeader)
    response.end(unasked)
  },
  'a block twice': (cids, response, record) => {
    response.write(carHeader)
    response.write(record(cids[0]!))
    response.end(record(cids[0]!))
  },
  'no CAR': (_, response) => void response.end(Buffer.alloc(5000, 7)),
  'garbage without end': (_, response) => {
    const more = () => void (response.destroyed || response.write(Buffer.alloc(100_000, 3), more))
    more()
  },
  'a flood of blocks that were not asked for': (cids, response, record) => {
    response.write(carHeader)
    for (const cid of cids) response.write(record(cid))
    const more = () => void (response.destroyed || response.write(unasked, more))
    more()
  },
  'a block without end': (_, response) => {
    response.write(carHeader)
    response.end(Buffer.from([255, 255, 255, 255, 255, 1]))
  },
  'a block over the bound': (cids, response) => {
    response.write(carHeader)
    const { code, multihash } = cids[0]!
    response.end(recordOf(code, multihash.bytes, Buffer.alloc(limits.blockBytes + 50)))
  },
  'a length that is none': (_, response) => {
    response.write(carHeader)
    response.end(Buffer.alloc(20, 255))
  }
}

/** And those who are no use: others are asked, and nobody is banned. */
export const useless: Readonly<Record<string, Answer>> = {
  'an older Cairn': (_, response) => void response.writeHead(404).end(),
  'has nothing': (_, response) => void response.end(carHeader),
  'is busy': (_, response) => void response.writeHead(503).end(),
  'ends in the header': (_, response) => void response.end(carHeader.subarray(0, 5)),
  'ends in a block': (cids, response, record) => {
    response.write(carHeader)
    response.end(record(cids[0]!).subarray(0, 30))
  },
  'breaks off': (_, response) => {
    response.write(carHeader, () => response.destroy())
  }
}

const unasked = recordOf(codec.raw, sha256Multihash(Buffer.from('unasked')), Buffer.from('unasked'))

/** With another last byte. */
function altered(record: Uint8Array): Uint8Array {
  const bytes = Buffer.from(record)
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  return bytes
}

/** The CID of a block that nobody has. */
export const absent: CID = makeCid(codec.raw, sha256Multihash(Buffer.from('nobody has it')))
