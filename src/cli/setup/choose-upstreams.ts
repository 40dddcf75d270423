import type { AptSource } from './read-apt-sources.ts'

/** What Cairn is to mirror, and what it leaves alone. */
export interface ChosenUpstreams {
  /** Name → base URL: what was there, and the machine's http repositories. */
  readonly upstreams: Readonly<Record<string, string>>
  /** Name → keyring of those that were not there, where the sources name one. */
  readonly keyrings: Readonly<Record<string, string>>
  /** Hosts whose requests apt is to send through Cairn. */
  readonly hosts: readonly string[]
  readonly leftAlone: ReadonlyArray<{ readonly url: string; readonly why: string }>
}

/**
 * Gives each http repository a name: the last part of its path (`debian`), with the host before it
 * where two would share one. A URL that has a name keeps it.
 */
export function chooseUpstreams(
  sources: readonly AptSource[],
  known: Readonly<Record<string, string>>
): ChosenUpstreams {
  const upstreams: Record<string, string> = { ...known }
  const keyrings: Record<string, string> = {}
  const hosts = new Set<string>()
  const leftAlone: Array<{ url: string; why: string }> = []
  for (const { url, keyring } of sources) {
    const parsed = URL.parse(url)
    const why = reasonAgainst(parsed)
    if (parsed === null || why !== undefined) {
      leftAlone.push({ url, why: why ?? 'not a URL' })
      continue
    }
    hosts.add(parsed.host)
    if (Object.values(upstreams).includes(parsed.href)) continue
    const name = freeName(parsed, upstreams)
    upstreams[name] = parsed.href
    if (keyring !== undefined) keyrings[name] = keyring
  }
  return { upstreams, keyrings, hosts: [...hosts], leftAlone }
}

function reasonAgainst(url: URL | null): string | undefined {
  if (url?.protocol === 'https:') {
    return 'https cannot pass a proxy unread: write its address as http in the apt sources, or as http://<cairn>/apt/<name>/'
  }
  if (url?.protocol !== 'http:') return 'not fetched over http'
  if (url.username !== '' || url.password !== '') return 'its URL holds a password'
  return undefined
}

function freeName(url: URL, taken: Readonly<Record<string, string>>): string {
  const last = url.pathname.split('/').findLast(part => part !== '') ?? url.hostname
  const plain = clean(last)
  const names = [plain, clean(`${url.hostname}-${plain}`)]
  const free = names.find(name => !Object.hasOwn(taken, name))
  if (free !== undefined) return free
  let number = 2
  while (Object.hasOwn(taken, `${plain}-${number}`)) number++
  return `${plain}-${number}`
}

/** Only what config.yaml takes as an upstream's name. */
function clean(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
  return name.slice(0, 64) || 'archive'
}
