import { bounds } from './bounds.ts'

/** Lengths that are kept: each takes bodies down to a quarter of it. */
const lengths = [
  bounds.pieceBytes / 64,
  bounds.pieceBytes / 16,
  bounds.pieceBytes / 4,
  bounds.pieceBytes
]

/** Buffers that bodies are read into, used again by the next: memory does not grow with what is served. */
export class BufferPool {
  #spareBytes = 0
  readonly #spare = new Map<number, Buffer[]>(lengths.map(length => [length, []]))

  /** As long as the body or longer, up to `pieceBytes`. */
  take(bytes: number): Buffer {
    const length = lengths.find(each => each >= bytes) ?? bounds.pieceBytes
    const spare = this.#spare.get(length)?.pop()
    if (spare === undefined) return Buffer.allocUnsafeSlow(length)
    this.#spareBytes -= length
    return spare
  }

  give(buffer: Buffer): void {
    const spare = this.#spare.get(buffer.length)
    if (spare === undefined || this.#spareBytes + buffer.length > bounds.spareBytes) return
    spare.push(buffer)
    this.#spareBytes += buffer.length
  }
}
