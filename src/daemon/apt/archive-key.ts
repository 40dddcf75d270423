import { randomUUID } from 'node:crypto'
import { link, readFile, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeyPair } from '../../../adapters/apt/openpgp/jobs.ts'
import { makeKey } from '../../../adapters/apt/openpgp/run.ts'
import { toCairnError } from '../../base/errors.ts'

/**
 * The key that archives published here are signed with: `apt-key.json` in the home (0600), made when
 * it is first needed. Of two processes that make it at once one wins, and both use its.
 */
export async function archiveKey(home: string): Promise<KeyPair> {
  const path = join(home, 'apt-key.json')
  const found = await readKey(path)
  if (found !== undefined) return found
  const made = await makeKey('Archives of this Cairn')
  const beside = `${path}.${randomUUID()}`
  try {
    await writeFile(beside, `${JSON.stringify(made)}\n`, { mode: 0o600, flush: true, flag: 'wx' })
    await link(beside, path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EEXIST') throw cause
    })
  } catch (cause) {
    throw toCairnError(cause, `cannot keep the key of archives in ${path}`)
  } finally {
    await unlink(beside).catch(() => undefined)
  }
  return (await readKey(path)) ?? made
}

async function readKey(path: string): Promise<KeyPair | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as KeyPair
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw toCairnError(cause, `cannot read the key of archives in ${path}`)
  }
}
