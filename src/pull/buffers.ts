import { bounds } from './bounds.ts'

/** Buffers that bodies are read into, used again by the next: memory does not grow with what is served. */
export class BufferPool {
  readonly #spare: Buffer[] = []

  /** `pieceBytes` long, or a smaller one of its own for a small body. */
  take(bytes: number): Buffer {
    if (bytes < bounds.pieceBytes / 4) return Buffer.allocUnsafe(bytes)
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(bounds.pieceBytes)
  }

  give(buffer: Buffer): void {
    if (buffer.length === bounds.pieceBytes && this.#spare.length < bounds.spareBuffers) {
      this.#spare.push(buffer)
    }
  }
}
