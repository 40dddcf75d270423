const marker = '; cairn setup npm; before it: '

/** The text with one `registry=` line, this one; each that was there is kept in a comment. */
export function withRegistry(npmrc: string, registry: string): string {
  const lines = linesOf(withoutCairn(npmrc))
  const others = lines.map(line => (isRegistry(line) ? `${marker}${line}` : line))
  const kept = lines.some(isRegistry) ? others : [...others, `${marker}nothing`]
  return `${[...kept, `registry=${registry}`].join('\n')}\n`
}

/** The text as it was before `withRegistry`; one that it never changed stays as it is. */
export function withoutCairn(npmrc: string): string {
  if (!npmrc.split('\n').some(line => line.startsWith(marker))) return npmrc
  const lines = linesOf(npmrc)
    .filter(line => !isRegistry(line) && line !== `${marker}nothing`)
    .map(line => (line.startsWith(marker) ? line.slice(marker.length) : line))
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}

function isRegistry(line: string): boolean {
  return /^\s*registry\s*=/.test(line)
}
