import { Resolver } from 'node:dns/promises'
import { CairnError, toCairnError } from '../base/errors.ts'

/** The path that a domain's DNSLink names. https://dnslink.dev/ */
export type ResolveDnslink = (domain: string, signal: AbortSignal) => Promise<string>

const tries = 2
const tryMs = 3_000

/** Asks the given servers (`address` or `address:port`), or those of the machine if there are none. */
export function openDnslink(servers: readonly string[]): ResolveDnslink {
  return async (domain, signal) => {
    const resolver = new Resolver({ timeout: tryMs, tries })
    if (servers.length > 0) resolver.setServers(servers)
    const cancel = () => resolver.cancel()
    signal.addEventListener('abort', cancel)
    try {
      const found = linksOf(await texts(resolver, `_dnslink.${domain}`))
      const [link] = found.length > 0 ? found : linksOf(await texts(resolver, domain))
      if (link !== undefined) return link
      throw new CairnError(
        'not-found',
        `${domain} has no DNSLink: a TXT record at _dnslink.${domain}`
      )
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }
}

async function texts(resolver: Resolver, domain: string): Promise<string[]> {
  try {
    return (await resolver.resolveTxt(domain)).map(parts => parts.join(''))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENODATA' || code === 'ENOTFOUND') return []
    throw new CairnError(
      'upstream',
      `DNS does not tell ${domain}: ${toCairnError(cause).message}`,
      {
        cause
      }
    )
  }
}

/** Of several the first in the order of their bytes, so that all choose alike. */
function linksOf(found: readonly string[]): string[] {
  return found.flatMap(text => /^dnslink=(\/(?:ipfs|ipns)\/\S+)$/.exec(text)?.[1] ?? []).toSorted()
}
