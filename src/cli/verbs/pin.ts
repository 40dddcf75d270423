import { CairnError } from '../../base/errors.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import { parseCid } from '../parse-cid.ts'
import { showMoment } from '../show-units.ts'
import { withContent } from '../with-content.ts'

/** Pins CIDs whose every block is here; throws `missing` for one that is not whole, and pins none after it. */
export async function pinAdd(
  cli: Cli,
  texts: readonly string[],
  options: CommonOptions & { readonly label?: string }
): Promise<void> {
  const cids = texts.map(parseCid)
  const { home } = await settingsOf(cli, options)
  await withContent(home, ({ reader, roots, store }) => {
    for (const cid of cids) {
      // Pinned before it is looked through: what a collection has not dropped by now it keeps.
      const known = roots.pins().some(pin => pin.cid.equals(cid))
      roots.pin(cid, { label: options.label ?? '' })
      try {
        for (const { multihash } of reader.walk(cid)) {
          if (store.size(multihash) === undefined) store.read(multihash)
        }
      } catch (cause) {
        if (!known) roots.unpin(cid)
        throw cause
      }
      tell(cli, options, cid.toString(), 'pinned')
    }
  })
}

/** Unpins CIDs; throws `not-found` for the first that was not pinned. */
export async function pinRemove(
  cli: Cli,
  texts: readonly string[],
  options: CommonOptions
): Promise<void> {
  const cids = texts.map(parseCid)
  const { home } = await settingsOf(cli, options)
  await withContent(home, ({ roots }) => {
    for (const cid of cids) {
      if (!roots.unpin(cid)) throw new CairnError('not-found', `${cid} is not pinned`)
      tell(cli, options, cid.toString(), 'unpinned')
    }
  })
}

export async function pinList(cli: Cli, options: CommonOptions): Promise<void> {
  const { home } = await settingsOf(cli, options)
  await withContent(home, ({ roots }) => {
    for (const { cid, label, createdMs } of roots.pins()) {
      if (options.json === true) cli.terminal.printJson({ cid: cid.toString(), label, createdMs })
      else cli.terminal.print(`${cid}  ${showMoment(createdMs)}  ${label}`)
    }
  })
}

function tell(cli: Cli, options: CommonOptions, cid: string, what: string): void {
  if (options.json === true) cli.terminal.printJson({ cid, [what]: true })
  else cli.terminal.print(`${what} ${cid}`)
}
