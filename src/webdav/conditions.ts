import { refuse } from './refuse.ts'

/** Conditional requests as decisions, without I/O: RFC 9110, section 13, and the If header of RFC 4918. */

/** Entity tags, quoted, by which a resource is known now; the first is shown. None: nothing is there. */
export type Tags = readonly string[]

export interface Validators {
  readonly exists: boolean
  readonly tags: Tags
  readonly modifiedMs: number | undefined
}

export interface ConditionalHeaders {
  readonly ifMatch: string | undefined
  readonly ifNoneMatch: string | undefined
  readonly ifModifiedSince: string | undefined
  readonly ifUnmodifiedSince: string | undefined
  /** GET and HEAD are answered by 304 where others fail. */
  readonly reads: boolean
}

/** The order is the specification's: https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2 */
export function decide(headers: ConditionalHeaders, now: Validators): 'go on' | 304 | 412 {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince, reads } = headers
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, now, 'strong')) return 412
  } else if (isAfter(now.modifiedMs, ifUnmodifiedSince)) return 412
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, now, 'weak')) return reads ? 304 : 412
  } else if (reads && isNotAfter(now.modifiedMs, ifModifiedSince)) return 304
  return 'go on'
}

function matches(header: string, now: Validators, comparison: 'strong' | 'weak'): boolean {
  if (header.trim() === '*') return now.exists
  return parseTags(header).some(tag => {
    if (comparison === 'strong') return now.tags.includes(tag)
    return now.tags.includes(tag.replace(/^W\//, ''))
  })
}

/** Throws a refusal with status 400 for what is no list of entity tags. */
export function parseTags(header: string): string[] {
  const tags: string[] = []
  const token = /\s*((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")\s*(,|$)|\s*,/y
  while (token.lastIndex < header.length) {
    const match = token.exec(header)
    if (match === null) throw refuse(400, 'not a list of entity tags')
    if (match[1] !== undefined) tags.push(match[1])
  }
  return tags
}

function isAfter(modifiedMs: number | undefined, header: string | undefined): boolean {
  const sinceMs = header === undefined ? Number.NaN : Date.parse(header)
  return modifiedMs !== undefined && Math.floor(modifiedMs / 1000) * 1000 > sinceMs
}

function isNotAfter(modifiedMs: number | undefined, header: string | undefined): boolean {
  const sinceMs = header === undefined ? Number.NaN : Date.parse(header)
  return modifiedMs !== undefined && Math.floor(modifiedMs / 1000) * 1000 <= sinceMs
}

export type IfCondition =
  | { readonly not: boolean; readonly token: string }
  | { readonly not: boolean; readonly tag: string }

/** One parenthesised list: all of its conditions must hold. `resource`: a URL, else the request's. */
export interface IfList {
  readonly resource: string | undefined
  readonly conditions: readonly IfCondition[]
}

/**
 * The If header: https://www.rfc-editor.org/rfc/rfc4918#section-10.4
 * Throws a refusal with status 400. One pass, no backtracking.
 */
export function parseIf(header: string): IfList[] {
  const lists: IfList[] = []
  const token = /\s*(?:<([^<>]*)>|(\()|(\))|\[((?:W\/)?"[^"\]]*")\]|([Nn][Oo][Tt])(?=\s*[<[])|$)/y
  let resource: string | undefined
  let open: IfCondition[] | undefined
  let not = false
  while (token.lastIndex < header.length) {
    const match = token.exec(header)
    if (match === null) throw badIf()
    const [, url, begin, end, tag, negation] = match
    if (begin !== undefined) {
      if (open !== undefined) throw badIf()
      open = []
    } else if (end !== undefined) {
      if (open === undefined || open.length === 0 || not) throw badIf()
      lists.push({ resource, conditions: open })
      open = undefined
    } else if (negation !== undefined) {
      if (open === undefined || not) throw badIf()
      not = true
    } else if (url !== undefined && open === undefined) {
      resource = url
    } else if (open !== undefined && (url !== undefined || tag !== undefined)) {
      open.push(url !== undefined ? { not, token: url } : { not, tag: tag ?? '' })
      not = false
    } else if (tag !== undefined) throw badIf()
  }
  if (open !== undefined || lists.length === 0) throw badIf()
  return lists
}

function badIf() {
  return refuse(400, 'the If header is not as RFC 4918, section 10.4, has it')
}

/** What a resource is when an If header is held against it. */
export interface IfState {
  readonly tags: Tags
  readonly hasToken: (token: string) => boolean
}

/** True if one list holds. `stateOf` is given a URL, or undefined for the request's resource. */
export function holds(
  lists: readonly IfList[],
  stateOf: (resource: string | undefined) => IfState
): boolean {
  return lists.some(({ resource, conditions }) => {
    const state = stateOf(resource)
    return conditions.every(condition => {
      const is =
        'token' in condition ? state.hasToken(condition.token) : state.tags.includes(condition.tag)
      return is !== condition.not
    })
  })
}

/** The lock tokens that a client shows it knows. */
export function submittedTokens(lists: readonly IfList[]): Set<string> {
  const conditions = lists.flatMap(list => list.conditions)
  return new Set(
    conditions.flatMap(condition =>
      'token' in condition && !condition.not ? [condition.token] : []
    )
  )
}
