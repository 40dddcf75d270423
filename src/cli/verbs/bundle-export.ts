import { readFileSync } from 'node:fs'
import { CID } from 'multiformats/cid'
import { cidFromText } from '../../base/cid-text.ts'
import { systemClock } from '../../base/clock.ts'
import { CairnError, toCairnError } from '../../base/errors.ts'
import { nameText } from '../../base/names.ts'
import { showBytes, showCount } from '../../base/show-units.ts'
import type { BundleName, BundleRoot } from '../../bundle/api.ts'
import { parseIndex } from '../../bundle/bundle-index.ts'
import { exportBundle } from '../../bundle/export-bundle.ts'
import { cidInMfs } from '../../daemon/open-names.ts'
import type { Cli, CommonOptions } from '../cli.ts'
import { parseCid } from '../parse-cid.ts'
import { parsePath } from '../parse-path.ts'
import { openProgress } from '../progress.ts'
import { sealMfs } from '../seal-mfs.ts'
import { type OpenedNames, withNames } from '../with-names.ts'

export interface BundleExportOptions extends CommonOptions {
  readonly output: string
  readonly have?: string
  readonly since?: string
  readonly split: string
}

interface Wanted {
  readonly roots: BundleRoot[]
  readonly names: BundleName[]
  readonly packages: string[]
}

/** A file smaller than a block would hold nothing. */
const leastSplitBytes = 8 * 1024 * 1024

/** Writes a bundle and says what is in it. */
export async function bundleExport(
  cli: Cli,
  texts: readonly string[],
  options: BundleExportOptions
): Promise<void> {
  const splitBytes = parseBytes(options.split)
  const have = [
    ...(options.have === undefined ? [] : readHave(options.have)),
    ...(options.since === undefined ? [] : [parseCid(options.since)])
  ]
  await withNames(cli, options, async opened => {
    const { store, reader, database } = opened.content
    if (texts.some(text => text.startsWith('/mfs'))) await sealMfs(cli, opened, 'bundle')
    const wanted = findAll(opened, texts)
    const bar = await openProgress(cli.terminal, 'exporting', 'block', systemClock)
    try {
      const index = await exportBundle({
        ...wanted,
        store,
        reader,
        database,
        clock: systemClock,
        folder: options.output,
        have,
        splitBytes,
        onProgress: ({ blocks, bytes }) => bar.update({ things: blocks, bytes }),
        signal: cli.signal
      })
      tell(cli, options, index)
    } finally {
      bar.stop()
    }
  })
}

function tell(
  { terminal }: Cli,
  { output, json }: BundleExportOptions,
  { roots, names, cars, catalog }: Awaited<ReturnType<typeof exportBundle>>
): void {
  const bytes = cars.reduce((sum, car) => sum + car.bytes, catalog?.bytes ?? 0)
  const entries = catalog?.entries ?? 0
  if (json === true) {
    const shown = names.map(({ name, cid }) => ({ name, cid }))
    terminal.printJson({ folder: output, files: cars.length, bytes, roots, names: shown, entries })
    return
  }
  for (const { label, cid } of roots) terminal.print(`${cid}  ${label}`)
  for (const { name, cid } of names) terminal.print(`${cid}  /ipns/${name}`)
  const packages = entries === 0 ? '' : `, ${showCount(entries, 'entry', 'entries')} of the catalog`
  terminal.note(`${showBytes(bytes)} in ${showCount(cars.length, 'file')} in ${output}${packages}`)
}

function findAll(opened: OpenedNames, texts: readonly string[]): Wanted {
  const wanted: Wanted = { roots: [], names: [], packages: [] }
  for (const text of texts) findOne(opened, text, wanted)
  return wanted
}

function findOne({ content, names }: OpenedNames, text: string, wanted: Wanted): void {
  const { tree, names: parts } = parsePath(text)
  const path = parts.map(nameText).join('/')
  if (tree === 'pkg') {
    wanted.packages.push(path)
  } else if (tree === 'mfs') {
    const cid = cidInMfs(content, path)
    if (cid === undefined) throw new CairnError('not-found', `there is no ${text}`)
    wanted.roots.push({ label: text, cid: cid.toString() })
  } else if (tree === 'ipfs') {
    if (parts.length !== 1) throw new CairnError('usage', `${text}: give a CID without a path`)
    wanted.roots.push({ label: text, cid: path })
  } else {
    wanted.names.push(findName({ names }, path, text))
  }
}

function findName({ names }: Pick<OpenedNames, 'names'>, which: string, text: string): BundleName {
  const shown = names.find(which)
  const record = shown === undefined ? undefined : names.record(shown.name)
  const cid = shown?.place.cid
  if (shown === undefined || record === undefined || cid === undefined) {
    throw new CairnError('not-found', `there is no record of ${text} here: publish or follow it`)
  }
  return { name: shown.name, cid: cid.toString(), record: record.bytes }
}

/** A CID a line, as `bundle have` prints them, or the index of a bundle that the other side has. */
function readHave(path: string): CID[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw toCairnError(cause, `cannot read ${path}`)
  }
  if (text.trimStart().startsWith('{')) {
    return parseIndex(text, path).holds.map(cid => CID.parse(cid))
  }
  const lines = text.split('\n').filter(line => line !== '')
  return lines.map((line, index) => {
    const cid = cidFromText(line.split(/\s/, 1)[0] ?? '')
    if (cid !== undefined) return cid
    throw new CairnError(
      'invalid',
      `${path}:${index + 1}: no CID, as cairn bundle have prints them`
    )
  })
}

function parseBytes(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([KMGT])?$/.exec(text) ?? []
  const bytes = Number(count) * 1024 ** ' KMGT'.indexOf(unit === '' ? ' ' : unit)
  if (bytes >= leastSplitBytes) return bytes
  throw new CairnError('usage', `--split ${JSON.stringify(text.slice(0, 40))}: give 8M or more`)
}
