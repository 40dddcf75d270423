import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { CairnError, toCairnError } from '../base/errors.ts'

const seedBytes = 32

/** The seed of this home's peer identity, made at the first need: `peer.key`, mode 0600. Throws `corrupt`. */
export function peerSeed(home: string): Uint8Array {
  const path = join(home, 'peer.key')
  try {
    const file = openSync(path, 'wx', 0o600)
    const seed = randomBytes(seedBytes)
    writeSync(file, seed)
    fsyncSync(file)
    closeSync(file)
    return seed
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw toCairnError(cause, `cannot write ${path}`)
    }
  }
  const seed = readFileSync(path)
  if (seed.byteLength === seedBytes) return seed
  throw new CairnError(
    'corrupt',
    `${path} is not 32 bytes long: remove it, and peers see a new one`
  )
}
