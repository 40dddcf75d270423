import type { CID } from 'multiformats/cid'
import { toCairnError } from '../../base/errors.ts'
import { openCatalog } from '../../pull/catalog.ts'
import type { UnixfsReader } from '../../unixfs/api.ts'
import type { Cli, CommonOptions } from '../cli.ts'
import { withNames } from '../with-names.ts'

/** Prints what is whole here, a CID a line: roots, pins, packages. */
export async function bundleHave(cli: Cli, options: CommonOptions): Promise<void> {
  await withNames(cli, options, ({ content: { roots, reader, database } }) => {
    const whole = new Set<string>()
    const candidates = [
      ...roots.list().map(({ cid }) => cid),
      ...roots.pins().map(({ cid }) => cid)
    ]
    for (const cid of candidates) if (isWhole(reader, cid)) whole.add(cid.toString())
    for (const { cid } of openCatalog(database).items('')) whole.add(cid.toString())
    for (const cid of whole) {
      if (options.json === true) cli.terminal.printJson({ cid })
      else cli.terminal.print(cid)
    }
  })
}

function isWhole(reader: UnixfsReader, cid: CID): boolean {
  try {
    for (const _ of reader.walk(cid));
    return true
  } catch (cause) {
    const { code } = toCairnError(cause)
    if (code === 'missing' || code === 'corrupt' || code === 'unsupported') return false
    throw cause
  }
}
