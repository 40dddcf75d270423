/** Whether a pattern is for a name: `@scope`, a whole name, or the beginning of names with `*` at its end. */
export function matchesName(pattern: string, name: string): boolean {
  if (pattern.endsWith('*')) return name.startsWith(pattern.slice(0, -1))
  return pattern === name || (/^@[^/]+$/.test(pattern) && name.startsWith(`${pattern}/`))
}

/** Whether text can be such a pattern. */
export function isNamePattern(pattern: string): boolean {
  return (
    pattern.length <= 214 &&
    /^(@[\w.~-]+|(@[\w.~-]+\/)?[\w.~-]*\*?)$/.test(pattern) &&
    pattern !== ''
  )
}
