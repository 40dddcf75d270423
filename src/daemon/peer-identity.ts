import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { CairnError, toCairnError } from '../base/errors.ts'
import { parseSwarmKey } from '../net/swarm-key.ts'

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

/** The key of a private network, from a file; a relative path is meant from the home. Throws `denied`, `invalid`, and what kept it from being read. */
export async function readSwarmKey(home: string, file: string): Promise<Uint8Array> {
  const path = resolve(home, file)
  try {
    const handle = await open(path, 'r')
    try {
      const { mode } = await handle.stat()
      if ((mode & 0o077) !== 0) throw new CairnError('denied', 'others can read it: chmod 600 it')
      return parseSwarmKey(await handle.readFile('utf8'))
    } finally {
      await handle.close()
    }
  } catch (cause) {
    const { code, message } = toCairnError(cause)
    throw new CairnError(code, `cannot take the swarm key from ${path}: ${message}`, { cause })
  }
}
