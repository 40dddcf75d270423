/** https://docs.npmjs.com/cli/v11/configuring-npm/package-json#name, with the capitals of old packages. */
const namePattern = /^(@[a-z0-9~_-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*$/i

const filePattern = /^[a-z0-9@~_-][\w.+~-]*\.tgz$/i

/** https://semver.org/#backusnaur-form-grammar-for-valid-semver-versions, and not longer than npm's own bound. */
const versionPattern =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([\dA-Za-z-]+(?:\.[\dA-Za-z-]+)*))?(?:\+[\dA-Za-z.-]+)?$/

export function isPackageName(name: string): boolean {
  return name.length <= 214 && name !== '-' && namePattern.test(name)
}

export function isTarballFile(file: string): boolean {
  return file.length <= 250 && filePattern.test(file)
}

export function isVersion(text: string): boolean {
  return text.length <= 200 && versionPattern.test(text)
}

/** https://docs.npmjs.com/cli/v11/commands/npm-dist-tag: no tag looks like a version or a range of them. */
export function isTag(text: string): boolean {
  return text.length <= 200 && /^[a-z_][\w.~-]*$/i.test(text) && !/^[vx]\d*(\.|$)/i.test(text)
}

/** The last part of a name: what its tarballs are called by. */
export function plainName(name: string): string {
  return name.slice(name.indexOf('/') + 1)
}

/** What a version's tarball is called, unless its packument says otherwise. */
export function usualFile(name: string, version: string): string {
  return `${plainName(name)}-${version}.tgz`
}

/**
 * A tarball in the catalog, below its registry's prefix: `<name>/<version>.tgz`, beside which the mount
 * shows its contents as `<version>`; one with another name than usual lies in `<name>/-/`.
 */
export function tarballKey(prefix: string, name: string, file: string): string {
  const begin = `${plainName(name)}-`
  const version = file.slice(begin.length, -'.tgz'.length)
  const usual = file.startsWith(begin) && isVersion(version)
  return usual ? `${prefix}${name}/${version}.tgz` : `${prefix}${name}/-/${file}`
}

const documents = '.packuments/'

/** Where a packument's forms are in the catalog: no package's name begins with a dot. */
export function packumentKey(prefix: string, name: string, form: string): string {
  return `${prefix}${documents}${name}/${form}`
}

/** The prefix and the name in a key that `packumentKey` made of `source.json`. */
export function partsOfSourceKey(key: string): { prefix: string; name: string } | undefined {
  const [, prefix = '', name = ''] =
    /^(npm\/(?:\+[^/]+\/)?)\.packuments\/(.+)\/source\.json$/.exec(key) ?? []
  return isPackageName(name) ? { prefix, name } : undefined
}
