import { accessSync, closeSync, constants, openSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const list = new URL('../../scripts/lib/clients.list', import.meta.url)

/**
 * The Debian package that brings a real client a test drives, as a person would ask apt for it. Throws for
 * one that scripts/lib/clients.list does not name: on a fresh machine nobody would install it.
 */
export function packageOf(client: string): string {
  const row = readFileSync(list, 'utf8')
    .split('\n')
    .find(line => line.startsWith(`${client} `))
  if (row === undefined) throw new Error(`scripts/lib/clients.list does not name ${client}`)
  return row.slice(client.length + 1)
}

/** The full path of a program on PATH (or in sbin and libexec, which a user's PATH may lack), or undefined. */
export function findClient(client: string, path = process.env.PATH ?? ''): string | undefined {
  const folders = [
    ...path.split(delimiter),
    '/usr/local/sbin',
    '/usr/sbin',
    '/sbin',
    '/usr/libexec'
  ]
  return folders
    .filter(folder => folder !== '')
    .map(folder => join(folder, client))
    .find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Why FUSE cannot be tested here, or undefined if the device opens. */
export function fuseLack(device = '/dev/fuse'): string | undefined {
  try {
    closeSync(openSync(device, 'r+'))
    return undefined
  } catch (cause) {
    return `${device} does not open: ${(cause as Error).message}`
  }
}
