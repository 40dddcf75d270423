import { limits } from '../base/limits.ts'
import type { Credentials } from './api.ts'

/**
 * The Authorization header: Basic (https://www.rfc-editor.org/rfc/rfc7617, in UTF-8), or Bearer
 * with `name.secret` for clients that know only tokens. Undefined for anything else.
 */
export function parseAuthorization(header: string | undefined): Credentials | undefined {
  if (header === undefined || header.length > limits.authorizationCharacters) return undefined
  const [, scheme = '', value = ''] = /^(basic|bearer) +([\w+/.~=-]+) *$/i.exec(header) ?? []
  if (scheme === '') return undefined
  const basic = scheme.toLowerCase() === 'basic'
  return basic ? split(Buffer.from(value, 'base64').toString(), ':') : split(value, '.')
}

function split(text: string, separator: string): Credentials | undefined {
  const at = text.indexOf(separator)
  if (at < 1) return undefined
  return { name: text.slice(0, at), secret: text.slice(at + 1) }
}
