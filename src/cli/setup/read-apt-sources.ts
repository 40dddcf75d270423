import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A repository that the machine's apt is configured for. */
export interface AptSource {
  /** Base URL, ends with a slash. */
  readonly url: string
  /** The file that names it, as a person would look it up. */
  readonly file: string
  /** The keys it is signed with, if all that names it names the same file of keys. */
  readonly keyring: string | undefined
}

/**
 * Every enabled repository below `etcApt` (`/etc/apt`), each URL once: sources.list, and .list and
 * .sources files in sources.list.d. Formats: https://manpages.debian.org/bookworm/apt/sources.list.5
 */
export async function readAptSources(etcApt: string): Promise<AptSource[]> {
  const folder = join(etcApt, 'sources.list.d')
  const names = await readdir(folder).catch(() => [])
  const files = [join(etcApt, 'sources.list'), ...names.sort().map(name => join(folder, name))]
  const found = new Map<string, AptSource>()
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(() => '')
    const entries = file.endsWith('.sources') ? entriesOfStanzas(text) : entriesOfLines(text, file)
    for (const { uri, keyring } of entries) {
      const url = uri.endsWith('/') ? uri : `${uri}/`
      const known = found.get(url)
      if (known === undefined) found.set(url, { url, file, keyring })
      else if (known.keyring !== keyring) found.set(url, { ...known, keyring: undefined })
    }
  }
  return [...found.values()]
}

interface Entry {
  readonly uri: string
  readonly keyring: string | undefined
}

/** One-line style: `deb [option=value …] uri suite component…`. */
function entriesOfLines(text: string, file: string): Entry[] {
  if (!file.endsWith('.list')) return []
  return text.split('\n').flatMap(line => {
    const parts = /^\s*deb(?:-src)?\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+\S/.exec(line)
    const [, options = '', uri] = parts ?? []
    const signedBy = /(?:^|\s)signed-by=(\S+)/.exec(options)?.[1]
    return uri === undefined ? [] : [{ uri, keyring: keyringOf(signedBy) }]
  })
}

/** A path; the keys themselves or fingerprints may stand there too. */
function keyringOf(signedBy: string | undefined): string | undefined {
  return signedBy !== undefined && /^\/[^\s,]+$/.test(signedBy) ? signedBy : undefined
}

/** deb822 style: stanzas of `Field: value`, continued by lines that begin with white space. */
function entriesOfStanzas(text: string): Entry[] {
  return text.split(/\n\s*\n/).flatMap(stanza => {
    const fields = fieldsOf(stanza)
    if (/^(no|false|0|off|without|disable)$/i.test(fields.get('enabled') ?? '')) return []
    const keyring = keyringOf(fields.get('signed-by'))
    const uris = (fields.get('uris') ?? '').split(/\s+/).filter(uri => uri !== '')
    return uris.map(uri => ({ uri, keyring }))
  })
}

function fieldsOf(stanza: string): Map<string, string> {
  const fields = new Map<string, string>()
  let last = ''
  for (const line of stanza.split('\n')) {
    if (line.startsWith('#')) continue
    const field = /^([^\s:]+):\s*(.*)$/.exec(line)
    if (field !== null) {
      last = (field[1] ?? '').toLowerCase()
      fields.set(last, (field[2] ?? '').trim())
    } else if (/^\s/.test(line)) {
      fields.set(last, `${fields.get(last) ?? ''} ${line.trim()}`)
    }
  }
  return fields
}
