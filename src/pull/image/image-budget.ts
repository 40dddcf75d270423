import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { Name } from '../../base/names.ts'

/** What one image may become, all its layers together. Each throws `file-too-large`. */
export class ImageBudget {
  readonly #mostBytes: number
  #bytes = 0
  #entries = 0
  #linkSteps = 0

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  entry(): void {
    this.#entries++
    if (this.#entries > limits.unpackedEntries) {
      throw new CairnError('file-too-large', `it has more than ${limits.unpackedEntries} entries`)
    }
  }

  take(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > this.#mostBytes) {
      throw new CairnError('file-too-large', `it unpacks to more than ${this.#mostBytes} bytes`)
    }
  }

  /**
   * The parts of a symlink's target, `..` too. A link of a thousand parts is short, and so are the names
   * of a million entries that go through forty of them.
   */
  followed(target: string): Name[] {
    const parts = target.split('/').filter(part => part !== '' && part !== '.')
    this.#linkSteps += parts.length
    if (this.#linkSteps > limits.unpackedLinkSteps) {
      const message = `its symlinks lead over more than ${limits.unpackedLinkSteps} folders`
      throw new CairnError('file-too-large', message)
    }
    return parts.map(part => Buffer.from(part, 'utf8').toString('latin1') as Name)
  }
}
