import { existsSync, readFileSync } from 'node:fs'

/** The version in package.json, which lies above the sources and, one step further, above the build. */
export function readVersion(): string {
  const beside = ['../../package.json', '../../../package.json']
    .map(path => new URL(path, import.meta.url))
    .find(url => existsSync(url))
  if (beside === undefined) return 'unknown'
  return (JSON.parse(readFileSync(beside, 'utf8')) as { version: string }).version
}
