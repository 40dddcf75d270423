import { CairnError } from './errors.ts'
import { limits } from './limits.ts'

/**
 * A directory entry's name as its bytes, one character a byte (latin1): lossless for any name Linux
 * allows, cheap to make from a buffer, usable as a key. Text becomes a `Name` only through `toName`.
 */
export type Name = string & { readonly __name: never }

/** The name as bytes, for the wire, a block or a database row. */
export function nameBytes(name: Name): Uint8Array {
  return Buffer.from(name, 'latin1')
}

/** Takes bytes as they are; use `checkName` where they come from outside. */
export function nameFromBytes(bytes: Uint8Array): Name {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1') as Name
}

/** Text (UTF-16) to a checked `Name`. Throws as `checkName`. */
export function toName(text: string): Name {
  return checkName(Buffer.from(text, 'utf8').toString('latin1') as Name)
}

/** For people: bytes that are not UTF-8 show as U+FFFD. */
export function nameText(name: Name): string {
  if (/^[\x20-\x7e]*$/.test(name)) return name
  return Buffer.from(name, 'latin1').toString('utf8')
}

/**
 * Returns the name if a directory may hold it: 1 to 255 bytes, no `/`, no NUL, not `.` or `..`.
 * Throws `invalid` or `name-too-long`.
 */
export function checkName(name: Name): Name {
  if (name.length > limits.nameBytes) {
    throw new CairnError(
      'name-too-long',
      `a name of ${name.length} bytes: at most ${limits.nameBytes} fit`
    )
  }
  if (!isUsableName(name)) {
    throw new CairnError('invalid', `${JSON.stringify(nameText(name))} cannot be a file's name`)
  }
  return name
}

/** Whether `checkName` takes it. */
export function isUsableName(name: Name): boolean {
  if (name === '' || name === '.' || name === '..' || name.length > limits.nameBytes) return false
  return !name.includes('/') && !name.includes('\0')
}

/** Splits a slash-separated path of text into checked names; empty parts and `.` vanish, `..` is `invalid`. */
export function splitPath(path: string): Name[] {
  return partsOf(path).map(toName)
}

/** As `splitPath`, of a path that is bytes, one character a byte. */
export function splitBytePath(path: string): Name[] {
  return partsOf(path).map(part => checkName(part as Name))
}

function partsOf(path: string): string[] {
  return path.split('/').filter(part => part !== '' && part !== '.')
}
