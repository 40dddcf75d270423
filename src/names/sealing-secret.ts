import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync
} from 'node:fs'
import { CairnError, toCairnError } from '../base/errors.ts'
import type { SealingSecret } from './seal-secret.ts'

const secretBytes = 32
/** A file longer than that holds no passphrase. */
const passphraseBytes = 4096

/**
 * The secret of a home: what a passphrase file says, else `key.secret`, made at first use. Throws
 * `denied` for a file that others may read, `invalid` for one that holds no secret.
 */
export function readSealingSecret(
  secretFile: string,
  passphraseFile: string | undefined
): SealingSecret {
  if (passphraseFile !== undefined) return readPassphrase(passphraseFile)
  const found = readPrivate(secretFile) ?? makeSecretFile(secretFile)
  if (found.byteLength === secretBytes) return { kind: 'file', bytes: found }
  throw new CairnError(
    'invalid',
    `${secretFile} has ${found.byteLength} bytes in place of ${secretBytes}: put back the one the keys were made with`
  )
}

function readPassphrase(path: string): SealingSecret {
  const found = readPrivate(path)
  if (found === undefined) {
    throw new CairnError(
      'not-found',
      `there is no ${path}: it was to hold the passphrase of the keys`
    )
  }
  const text = found.toString('utf8').split(/\r?\n/, 1)[0] ?? ''
  if (text !== '' && found.byteLength <= passphraseBytes) {
    return { kind: 'passphrase', bytes: Buffer.from(text.normalize('NFC')) }
  }
  throw new CairnError('invalid', `${path} does not hold a passphrase on its first line`)
}

function readPrivate(path: string): Buffer | undefined {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw toCairnError(cause, `cannot read ${path}`)
  }
  try {
    const { mode } = fstatSync(file)
    if ((mode & 0o077) === 0) return readFileSync(file)
    throw new CairnError('denied', `${path} can be read by others: chmod 600 it`)
  } finally {
    closeSync(file)
  }
}

/** Whole or not at all, and on the disk before a key depends on it; of two who make one, the first wins. */
function makeSecretFile(path: string): Buffer {
  const made = `${path}.${process.pid}`
  try {
    rmSync(made, { force: true })
    const file = openSync(made, 'wx', 0o600)
    try {
      writeSync(file, randomBytes(secretBytes))
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    linkUnlessThere(made, path)
  } catch (cause) {
    throw toCairnError(cause, `cannot make ${path}`)
  } finally {
    rmSync(made, { force: true })
  }
  return readFileSync(path)
}

function linkUnlessThere(made: string, path: string): void {
  try {
    linkSync(made, path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
  }
}
