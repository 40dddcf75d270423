/** 64 bits as two halves, changed in place: BigInt would cost microseconds a name. */
class Word {
  high = 0
  low = 0

  load(bytes: Uint8Array, offset: number, count: number): this {
    this.high = 0
    this.low = 0
    for (let index = 0; index < count; index++) {
      const byte = bytes[offset + index]!
      if (index < 4) this.low |= byte << (8 * index)
      else this.high |= byte << (8 * (index - 4))
    }
    return this
  }

  add(high: number, low: number): this {
    const sum = (this.low >>> 0) + (low >>> 0)
    this.high = (this.high + high + (sum > 0xffffffff ? 1 : 0)) | 0
    this.low = sum | 0
    return this
  }

  xor(other: Word): this {
    this.high ^= other.high
    this.low ^= other.low
    return this
  }

  multiply(high: number, low: number): this {
    const carried = highHalf(this.low, low)
    this.high = (Math.imul(this.high, low) + Math.imul(this.low, high) + carried) | 0
    this.low = Math.imul(this.low, low)
    return this
  }

  rotate(bits: number): this {
    const { high, low } = this
    const [a, b] = bits < 32 ? [high, low] : [low, high]
    const by = bits % 32
    this.high = by === 0 ? a : (a << by) | (b >>> (32 - by))
    this.low = by === 0 ? b : (b << by) | (a >>> (32 - by))
    return this
  }

  /** x ^= x >>> 33 */
  fold(): this {
    this.low ^= this.high >>> 1
    return this
  }
}

/** The upper 32 bits of the product of two unsigned 32-bit numbers. */
function highHalf(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const cross = Math.imul(aHigh, bLow) >>> 0
  const middle = cross + (Math.imul(aLow, bLow) >>> 16)
  const lower = Math.imul(aLow, bHigh) + (middle & 0xffff)
  return (Math.imul(aHigh, bHigh) + Math.floor(middle / 65536) + (lower >>> 16)) | 0
}

function scrambleFirst(word: Word): Word {
  return word.multiply(0x87c37b91, 0x114253d5).rotate(31).multiply(0x4cf5ad43, 0x2745937f)
}

function scrambleSecond(word: Word): Word {
  return word.multiply(0x4cf5ad43, 0x2745937f).rotate(33).multiply(0x87c37b91, 0x114253d5)
}

function finish(word: Word): Word {
  word.fold().multiply(0xff51afd7, 0xed558ccd)
  return word.fold().multiply(0xc4ceb9fe, 0x1a85ec53).fold()
}

/**
 * murmur3-x64-64: the first 64 bits of MurmurHash3_x64_128 with seed 0, as [high, low] halves
 * (signed). What UnixFS shards directories by: https://specs.ipfs.tech/unixfs/#dag-pb-hamtdirectory
 */
export function murmur3(bytes: Uint8Array): readonly [high: number, low: number] {
  const first = new Word()
  const second = new Word()
  const block = new Word()
  let at = 0
  for (; at + 16 <= bytes.length; at += 16) {
    first.xor(scrambleFirst(block.load(bytes, at, 8))).rotate(27)
    first.add(second.high, second.low).multiply(0, 5).add(0, 0x52dce729)
    second.xor(scrambleSecond(block.load(bytes, at + 8, 8))).rotate(31)
    second.add(first.high, first.low).multiply(0, 5).add(0, 0x38495ab5)
  }
  const rest = bytes.length - at
  if (rest > 8) second.xor(scrambleSecond(block.load(bytes, at + 8, rest - 8)))
  if (rest > 0) first.xor(scrambleFirst(block.load(bytes, at, Math.min(8, rest))))
  first.low ^= bytes.length
  second.low ^= bytes.length
  first.add(second.high, second.low)
  second.add(first.high, first.low)
  finish(first)
  finish(second)
  first.add(second.high, second.low)
  return [first.high, first.low]
}
