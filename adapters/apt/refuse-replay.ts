import { CairnError } from '../../src/base/errors.ts'

interface Identity {
  readonly dateMs: number
  readonly names: readonly string[]
}

/**
 * Whoever stands between may send what was really signed once: an older Release, to keep its clients from
 * corrections, or that of another suite. Throws `denied` for one that is older than what is held, or whose suite and
 * codename are both others. What has run out by its Valid-Until is the client's to judge, who may have allowed it.
 */
export function refuseReplay(document: Uint8Array, held: Uint8Array | undefined): void {
  if (held === undefined) return
  const [now, before] = [identityOf(document), identityOf(held)]
  if (now.dateMs < before.dateMs) {
    const [newer, older] = [before, now].map(({ dateMs }) => new Date(dateMs).toISOString())
    throw new CairnError('denied', `it is of ${older}, older than the one held, of ${newer}`)
  }
  const known = before.names.length > 0 && now.names.length > 0
  if (!known || now.names.some(name => before.names.includes(name))) return
  const [is, was] = [now, before].map(({ names }) => names.join(', '))
  throw new CairnError('denied', `it is of another suite (${is}) than the one held (${was})`)
}

/** https://wiki.debian.org/DebianRepository/Format#A.22Release.22_files */
function identityOf(document: Uint8Array): Identity {
  const text = Buffer.from(document).toString('latin1')
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:[ \\t]*([^\\r\\n]*)$`, 'm').exec(text)?.[1]?.trim()
  const dateMs = Date.parse(field('Date') ?? '')
  const suite = field('Suite')
  const codename = field('Codename')
  return {
    dateMs: Number.isNaN(dateMs) ? 0 : dateMs,
    names: [
      ...(suite === undefined ? [] : [`suite ${suite}`]),
      ...(codename === undefined ? [] : [`codename ${codename}`])
    ]
  }
}
