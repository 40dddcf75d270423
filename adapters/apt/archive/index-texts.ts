import type { Control } from './read-control.ts'

/** A package of an archive, as its index tells it. */
export interface IndexEntry {
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** From the archive's root. */
  readonly path: string
  readonly sha256: string
  /** All of it, as it stands in an index; ends with a line feed. */
  readonly stanza: string
}

/** A file's place, length and SHA-256 in hex. */
export interface FileFacts {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

/** Where a package goes: `pool/main/libh/libhello/libhello1_2.0-1_amd64.deb`; an epoch is in no file's name. */
export function poolPath(
  component: string,
  { source, name, version, architecture }: Control
): string {
  const initial = source.startsWith('lib') ? source.slice(0, 4) : source.slice(0, 1)
  const file = `${name}_${version.replace(/^\d+:/, '')}_${architecture}.deb`
  return `pool/${component}/${initial}/${source}/${file}`
}

export function entryOf(
  { name, version, architecture, text }: Control,
  { path, bytes, sha256 }: FileFacts
): IndexEntry {
  const stanza = `${text}Filename: ${path}\nSize: ${bytes}\nSHA256: ${sha256}\n`
  return { name, version, architecture, path, sha256, stanza }
}

/** The entries of an index that `packagesText` wrote. */
export function parseIndex(text: string): IndexEntry[] {
  return text.split('\n\n').flatMap(stanza => {
    const field = (name: string): string =>
      new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1]?.trim() ?? ''
    const path = field('Filename')
    if (path === '') return []
    return {
      name: field('Package'),
      version: field('Version'),
      architecture: field('Architecture'),
      path,
      sha256: field('SHA256'),
      stanza: stanza.endsWith('\n') ? stanza : `${stanza}\n`
    }
  })
}

/** One architecture's index: its packages, and those for all. The same entries give the same bytes. */
export function packagesText(entries: readonly IndexEntry[], architecture: string): string {
  return entries
    .filter(entry => entry.architecture === architecture || entry.architecture === 'all')
    .toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
    .map(({ stanza }) => `${stanza}\n`)
    .join('')
}

export interface ReleaseFacts {
  readonly archive: string
  readonly suite: string
  readonly components: readonly string[]
  readonly architectures: readonly string[]
  readonly dateMs: number
  /** Paths count from the Release's folder. */
  readonly files: readonly FileFacts[]
}

/** https://wiki.debian.org/DebianRepository/Format#A.22Release.22_files */
export function releaseText(facts: ReleaseFacts): string {
  const files = facts.files.map(({ sha256, bytes, path }) => ` ${sha256} ${bytes} ${path}\n`)
  return `Origin: ${facts.archive}
Label: ${facts.archive}
Suite: ${facts.suite}
Codename: ${facts.suite}
Date: ${new Date(facts.dateMs).toUTCString().replace('GMT', 'UTC')}
Architectures: ${facts.architectures.join(' ')}
Components: ${facts.components.join(' ')}
Acquire-By-Hash: yes
SHA256:
${files.join('')}`
}
