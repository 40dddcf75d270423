const marker = '; cairn setup npm; before it: '
const nothing = `${marker}nothing`
const noFile = `${marker}no file`
const noNewline = `${marker}no newline at the end`

/**
 * The text with one `registry=` line, this one; each that was there is kept in a comment.
 * `undefined` is no file.
 */
export function withRegistry(npmrc: string | undefined, registry: string): string {
  const before = npmrc === undefined ? undefined : withoutCairn(npmrc)
  const lines = linesOf(before ?? '')
  const kept = lines.map(line => (isRegistry(line) ? `${marker}${line}` : line))
  if (before === undefined) kept.push(noFile)
  else if (before !== '' && !before.endsWith('\n')) kept.push(noNewline)
  else if (!lines.some(isRegistry)) kept.push(nothing)
  return `${[...kept, `registry=${registry}`].join('\n')}\n`
}

/**
 * The text as it was before `withRegistry`, byte for byte, and `undefined` if there was no file then;
 * one that it never changed stays as it is. npm drops all comments when it writes the file (`npm login`):
 * then a `registry=` line that still names `cairn.registry` names `cairn.upstream` instead.
 */
export function withoutCairn(
  npmrc: string,
  cairn?: { readonly registry: string; readonly upstream: string }
): string | undefined {
  const lines = linesOf(npmrc)
  if (!lines.some(line => line.startsWith(marker))) {
    if (cairn === undefined) return npmrc
    const ours = `registry=${cairn.registry}`
    return npmrc.replace(/^.*$/gm, line => (line === ours ? `registry=${cairn.upstream}` : line))
  }
  const restored = lines
    .filter(line => !isRegistry(line) && !notes.has(line))
    .map(line => (line.startsWith(marker) ? line.slice(marker.length) : line))
  if (restored.length === 0) return lines.includes(noFile) ? undefined : ''
  return `${restored.join('\n')}${lines.includes(noNewline) ? '' : '\n'}`
}

/** Comments that stand for no line. */
const notes: ReadonlySet<string> = new Set([nothing, noFile, noNewline])

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}

function isRegistry(line: string): boolean {
  return /^\s*registry\s*=/.test(line)
}
