import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize, resolve } from 'node:path'

/** The project's files as a test of its style sees them. Paths are relative to its top. */

export const top = resolve(import.meta.dirname, '../..')

/** Files that are, or would be, committed: tracked and new ones, not ignored, not binary. */
export function projectFiles(): string[] {
  const listed = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      cwd: top,
      encoding: 'utf8'
    }
  )
  return [...new Set(listed.split('\0'))].filter(isFile).toSorted()
}

function isFile(path: string): boolean {
  const full = join(top, path)
  return path !== '' && existsSync(full) && statSync(full).isFile()
}

export function isCode(path: string): boolean {
  return /\.m?[jt]s$/.test(path)
}

export function textOf(path: string): string {
  return readFileSync(join(top, path), 'utf8')
}

export function linesOf(path: string): number {
  return textOf(path).trimEnd().split('\n').length
}

/** A module's own modules: static and dynamic imports, re-exports, threads. Paths as `projectFiles` gives them. */
export function importsOf(path: string, text = textOf(path)): string[] {
  const code = withoutComments(text)
  return [...specifiers(code)].flatMap(specifier =>
    specifier.startsWith('.') ? [normalize(join(dirname(path), specifier))] : []
  )
}

/** The packages a module imports, by name. */
export function packagesOf(path: string, text = textOf(path)): string[] {
  return [...specifiers(withoutComments(text))]
    .filter(specifier => !specifier.startsWith('.') && !specifier.startsWith('node:'))
    .map(specifier =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/')
    )
}

function* specifiers(code: string): Iterable<string> {
  for (const match of code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)(['"])([\w@./-]+)\1/g))
    yield match[2] ?? ''
  for (const match of code.matchAll(/\bthreadUrl\(\s*(['"])([\w@./-]+)\1/g))
    yield threadFile(match[2] ?? '')
  for (const match of code.matchAll(/new URL\(\s*(['"])(\.[^'"\n]+\.(?:ts|mjs))\1/g))
    yield match[2] ?? ''
}

function threadFile(name: string): string {
  return `${name.startsWith('.') ? name : `./${name}`}.ts`
}

/** Blanks out comments, and nothing within strings, so that an example in a docstring imports nothing. */
export function withoutComments(code: string): string {
  const tokens =
    /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g
  return code.replace(tokens, token =>
    token.startsWith('/*') || token.startsWith('//') ? token.replace(/[^\n]/g, ' ') : token
  )
}

/** Everything reachable by imports from some modules, themselves included. */
export function reachable(from: Iterable<string>): Set<string> {
  const seen = new Set<string>()
  const open = [...from]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path) || !isFile(path)) continue
    seen.add(path)
    if (isCode(path)) open.push(...importsOf(path))
  }
  return seen
}
