import { CairnError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import { isTarballFile, usualFile } from './package-path.ts'

/** A JSON object, nothing about it checked but that it is one. */
export type JsonObject = Record<string, unknown>

/** The parts of a packument that Cairn reads: https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md */
export interface Packument {
  readonly document: JsonObject
  /** By version. */
  readonly versions: ReadonlyArray<readonly [string, JsonObject]>
}

/** Throws `upstream` on what is not the packument of this package. */
export function parsePackument(name: string, bytes: Uint8Array): Packument {
  refuseTooManyValues(name, bytes, 'upstream')
  const document = parseJson(name, bytes)
  if (!isObject(document) || document.name !== name || !isObject(document.versions)) {
    throw new CairnError('upstream', `what the upstream sent for ${name} is not its packument`)
  }
  const versions = Object.entries(document.versions).flatMap(([version, manifest]) =>
    isObject(manifest) ? [[version, manifest] as const] : []
  )
  return { document, versions }
}

/** Of `{`, `[` and `,`: JSON has as many values at most. */
const marks = new Set([0x7b, 0x5b, 0x2c])

/** A value takes ten times its bytes once it is parsed: `[[],[],…` would fill the memory. Throws the code given. */
export function refuseTooManyValues(
  name: string,
  bytes: Uint8Array,
  code: 'upstream' | 'invalid'
): void {
  if (bytes.length <= limits.documentValues) return
  let values = 0
  for (const byte of bytes) if (marks.has(byte)) values++
  if (values <= limits.documentValues) return
  throw new CairnError(code, `what was sent for ${name} has ${values} values`)
}

function parseJson(name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'))
  } catch (cause) {
    throw new CairnError('upstream', `what the upstream sent for ${name} is not whole JSON`, {
      cause
    })
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The file name of a version's tarball: the last part of `dist.tarball`, whatever host and folder it
 * names; the usual one if that cannot be a tarball's. Undefined for a version that can have none.
 */
export function tarballFile(
  name: string,
  version: string,
  manifest: JsonObject
): string | undefined {
  const tarball = isObject(manifest.dist) ? manifest.dist.tarball : undefined
  const url = typeof tarball === 'string' ? URL.parse(tarball) : null
  const last = url?.pathname.slice(url.pathname.lastIndexOf('/') + 1)
  const usual = usualFile(name, version)
  return [last, usual].find(file => file !== undefined && isTarballFile(file))
}
