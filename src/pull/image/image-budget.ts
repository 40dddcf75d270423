import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { Name } from '../../base/names.ts'
import { UnpackBudget } from '../unpack-budget.ts'

/** What one image may become, all its layers together. Each throws `file-too-large`. */
export class ImageBudget extends UnpackBudget {
  #linkSteps = 0

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
