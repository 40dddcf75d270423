import type { Multihash } from '../base/blocks.ts'

const lengthBytes = 4

/** Multihashes, the last first, in their bytes and four each. */
export class MultihashStack {
  #memory = Buffer.alloc(1024)
  #end = 0

  get isEmpty(): boolean {
    return this.#end === 0
  }

  push(multihash: Multihash): void {
    const end = this.#end + multihash.byteLength + lengthBytes
    if (end > this.#memory.byteLength) {
      const memory = Buffer.alloc(Math.max(end, this.#memory.byteLength * 2))
      memory.set(this.#memory)
      this.#memory = memory
    }
    this.#memory.set(multihash, this.#end)
    this.#memory.writeUInt32LE(multihash.byteLength, end - lengthBytes)
    this.#end = end
  }

  /** Undefined if there is none. */
  pop(): Multihash | undefined {
    if (this.#end === 0) return undefined
    const end = this.#end - lengthBytes
    const begin = end - this.#memory.readUInt32LE(end)
    this.#end = begin
    return Uint8Array.from(this.#memory.subarray(begin, end))
  }
}
