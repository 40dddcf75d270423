import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { checkName, type Name } from '../base/names.ts'
import { composed } from './name-forms.ts'
import { refuse } from './refuse.ts'
import { namesInTree, namesInView, type View } from './view.ts'

/** A path below `/dav`, as names; the first is a tree's. None: `/dav` itself. */
export interface DavPath {
  readonly names: readonly Name[]
  /** The whole as a key for locks: `/` before and after each name, as `Name` has them; the same for names that look alike. */
  readonly key: string
}

export const davRoot = '/dav'

/** True of `/dav` and everything below it. */
export function isDavTarget(target: string): boolean {
  return target === davRoot || target.startsWith(`${davRoot}/`) || target.startsWith(`${davRoot}?`)
}

/**
 * The path of a request's target in origin form. Throws a refusal with status 400 for bad percent
 * encoding, `.` and `..`, NUL, an encoded slash, a name no file can have; 414 for
 * more names than `limits.davPathNames`; 404 outside of `/dav`.
 */
export function parsePath(target: string, view: View): DavPath {
  if (target.includes('#')) throw refuse(400, 'a request target has no fragment')
  const path = target.split('?', 1)[0] ?? ''
  const [root, ...parts] = path.split('/').filter(part => part !== '')
  if (root !== davRoot.slice(1)) throw refuse(404, 'WebDAV is served below /dav/ only')
  if (parts.length > limits.davPathNames) {
    throw refuse(414, `a path of more than ${limits.davPathNames} names`)
  }
  return pathOf(namesInTree(view, parts.map(decodeName)))
}

export function pathOf(names: readonly Name[]): DavPath {
  return { names, key: keyOf(names) }
}

/** The name in `/dav/ipns` that a target is, or is below. Undefined for all others, and for what no file is called. */
export function nameInIpns(target: string): Name | undefined {
  const part = /^\/+dav\/+ipns\/+([^/?#]+)/.exec(target)?.[1]
  try {
    return part === undefined ? undefined : decodeName(part)
  } catch {
    return undefined
  }
}

/** The path above; of `/dav` itself. */
export function parentPath({ names }: DavPath): DavPath {
  return pathOf(names.slice(0, -1))
}

/** True if `path` is `above` or lies below it. */
export function isBelow(path: DavPath, above: DavPath): boolean {
  return path.key.startsWith(above.key)
}

function keyOf(names: readonly Name[]): string {
  return names.length === 0 ? '/' : `/${names.map(composed).join('/')}/`
}

/** Percent-decodes to bytes; octets that came raw stay as they are. */
function decodeName(part: string): Name {
  if (/%(?![0-9a-f]{2})/i.test(part)) throw refuse(400, 'the path has a % that encodes nothing')
  const bytes = part.replace(/%(..)/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16))
  )
  try {
    return checkName(bytes as Name)
  } catch (cause) {
    throw cause instanceof CairnError ? refuse(400, cause.message) : cause
  }
}

/** The path as it stands in an answer: absolute, upper-case percent-encoding, `/` after a collection. */
export function hrefOf(view: View, inTree: readonly Name[], collection: boolean): string {
  const names = namesInView(view, inTree)
  const path = `${davRoot}/${names.map(encodeName).join('/')}`
  return collection && names.length > 0 ? `${path}/` : path
}

/** Percent-encodes everything but unreserved characters: https://www.rfc-editor.org/rfc/rfc3986#section-2.3 */
export function encodeName(name: Name): string {
  return /^[\w.~-]*$/.test(name)
    ? name
    : name.replace(
        /[^\w.~-]/g,
        byte => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
      )
}
