import { CairnError } from '../../src/base/errors.ts'

/** What a path below the registry's address stands for. */
export type PackagePath =
  | { readonly kind: 'packument'; readonly name: string }
  | { readonly kind: 'tarball'; readonly name: string; readonly file: string }

/** https://docs.npmjs.com/cli/v11/configuring-npm/package-json#name, with the capitals of old packages. */
const namePattern = /^(@[a-z0-9~_-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*$/i

const filePattern = /^[a-z0-9@~_-][\w.+~-]*\.tgz$/i

/**
 * A decoded path: `name`, `@scope/name`, `name/-/name-1.0.0.tgz`. Undefined for what is neither.
 * Throws `invalid` on what no registry has and an attacker would send.
 */
export function packagePath(path: string): PackagePath | undefined {
  const parts = path.split('/')
  for (const part of parts) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    if (part === '.' || part === '..' || /[\u0000-\u001f\u007f\\]/.test(part)) {
      throw new CairnError('invalid', `${JSON.stringify(path.slice(0, 200))} is not a package`)
    }
  }
  const nameParts = path.startsWith('@') ? 2 : 1
  const name = parts.slice(0, nameParts).join('/')
  if (!isPackageName(name)) return undefined
  const [dash, file, ...more] = parts.slice(nameParts)
  if (dash === undefined) return { kind: 'packument', name }
  if (dash !== '-' || file === undefined || more.length > 0 || !isTarballFile(file))
    return undefined
  return { kind: 'tarball', name, file }
}

export function isPackageName(name: string): boolean {
  return name.length <= 214 && namePattern.test(name)
}

export function isTarballFile(file: string): boolean {
  return file.length <= 250 && filePattern.test(file)
}

/** The last part of a name: what its tarballs are called by. */
export function plainName(name: string): string {
  return name.slice(name.indexOf('/') + 1)
}

/** A tarball in the catalog: beside it the mount shows its contents. */
export function tarballKey(name: string, file: string): string {
  return `npm/${name}/${file}`
}

const documents = 'npm/.packuments/'

/** Where a packument's forms are in the catalog: no package's name begins with a dot. */
export function packumentKey(name: string, form: string): string {
  return `${documents}${name}/${form}`
}

/** The name in a key that `packumentKey` made. Throws `invalid` for another key. */
export function nameOfPackumentKey(key: string): string {
  const name = key.slice(documents.length, key.lastIndexOf('/'))
  if (!key.startsWith(documents) || !isPackageName(name)) {
    throw new CairnError('invalid', `${key} is no packument's key`)
  }
  return name
}
