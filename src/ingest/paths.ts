import { resolve } from 'node:path'
import { type Name, nameText } from '../base/names.ts'

/**
 * Paths of this machine as their bytes, one character a byte, like `Name`: Linux allows names that
 * are no UTF-8, and they are to be imported too.
 */
export type BytePath = string

export function toPath(text: string): BytePath {
  return Buffer.from(resolve(text), 'utf8').toString('latin1')
}

/** For calls of node:fs. */
export function fromPath(path: BytePath): Buffer {
  return Buffer.from(path, 'latin1')
}

export function below(path: BytePath, name: Name): BytePath {
  return path.endsWith('/') ? path + name : `${path}/${name}`
}

/** For people. */
export function shownPath(path: BytePath): string {
  return nameText(path as Name)
}
