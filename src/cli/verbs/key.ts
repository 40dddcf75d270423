import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { CairnError, toCairnError } from '../../base/errors.ts'
import { showCount } from '../../base/show-units.ts'
import type { KeyInfo } from '../../names/api.ts'
import { type KeyFormat, keyFormats } from '../../names/key-forms.ts'
import { readSealingSecret } from '../../names/sealing-secret.ts'
import type { Cli, CommonOptions } from '../cli.ts'
import { withNames } from '../with-names.ts'

export interface KeyExportOptions extends CommonOptions {
  readonly output: string
  readonly format: string
}

/** No key is longer. */
const keyBytes = 64 * 1024

/** Makes a key and prints its name. Throws `exists`, `invalid`. */
export async function keyNew(cli: Cli, alias: string, options: CommonOptions): Promise<void> {
  await withNames(cli, options, ({ names }) => tell(cli, options, names.keys.create(alias)))
}

export async function keyImport(
  cli: Cli,
  alias: string,
  file: string,
  options: CommonOptions
): Promise<void> {
  const bytes = file === '-' ? await readAll(cli.stdin) : readKeyFile(file)
  await withNames(cli, options, ({ names }) => tell(cli, options, names.keys.import(alias, bytes)))
}

function tell({ terminal }: Cli, { json }: CommonOptions, { name, alias }: KeyInfo): void {
  if (json === true) terminal.printJson({ name, alias })
  else terminal.print(name)
}

export async function keyList(cli: Cli, options: CommonOptions): Promise<void> {
  await withNames(cli, options, ({ names }) => {
    const publications = new Map(names.publications().map(each => [each.name, each]))
    for (const key of names.keys.list()) {
      const published = publications.get(key.name)
      const heads = names
        .heads()
        .filter(({ name }) => name === key.name)
        .map(({ value, sequence, seenMs }) => ({ value, sequence: sequence.toString(), seenMs }))
      const shown = {
        ...key,
        publishes: published?.path === undefined ? undefined : `/mfs/${published.path}`,
        cid: published?.cid?.toString(),
        sequence: names.record(key.name)?.sequence.toString(),
        endMs: names.record(key.name)?.endMs,
        heads
      }
      if (options.json === true) cli.terminal.printJson(shown)
      else for (const line of showKey(shown)) cli.terminal.print(line)
    }
  })
}

function showKey({
  name,
  alias,
  successor,
  publishes,
  cid,
  heads
}: KeyInfo & {
  readonly publishes: string | undefined
  readonly cid: string | undefined
  readonly heads: ReadonlyArray<{ value: string; sequence: string }>
}): string[] {
  const state =
    successor === undefined
      ? [publishes, cid].filter(each => each !== undefined)
      : ['gave way to', successor]
  return [
    [name, alias, ...state].join('  '),
    ...heads.map(
      ({ value, sequence }) =>
        `  ANOTHER MACHINE published ${value} with it, sequence ${sequence}: publish with --settle to go above`
    )
  ]
}

/** Writes a private key to a new file that only its owner reads. Throws `exists`. */
export async function keyExport(cli: Cli, which: string, options: KeyExportOptions): Promise<void> {
  const format = keyFormats.find(each => each === options.format)
  if (format === undefined) {
    throw new CairnError('usage', `--format ${JSON.stringify(options.format)}: pem or libp2p`)
  }
  await withNames(cli, options, async ({ names }) => {
    const bytes = names.keys.export(which, format satisfies KeyFormat)
    if (options.output === '-') return await cli.terminal.write(bytes)
    writeKeyFile(options.output, bytes)
    cli.terminal.note(`wrote the private key of ${which} to ${options.output}: keep it secret`)
  })
}

export async function keyRotate(cli: Cli, which: string, options: CommonOptions): Promise<void> {
  await withNames(cli, options, ({ names }) => {
    const from = names.keys.find(which)?.name
    const { name, alias } = names.rotate(which)
    if (options.json === true) cli.terminal.printJson({ name, alias, from })
    else cli.terminal.print(name)
  })
}

export interface KeyResealOptions extends CommonOptions {
  readonly from?: string
}

export async function keyReseal(cli: Cli, options: KeyResealOptions): Promise<void> {
  await withNames(cli, options, ({ names, content }) => {
    const count = names.keys.reseal(readSealingSecret(content.paths.keySecret, options.from))
    if (options.json === true) cli.terminal.printJson({ resealed: count })
    else cli.terminal.print(`resealed ${count} of ${showCount(names.keys.list().length, 'key')}`)
  })
}

/** Throws `not-found`. */
export async function keyRemove(cli: Cli, which: string, options: CommonOptions): Promise<void> {
  await withNames(cli, options, ({ names }) => {
    const found = names.keys.find(which)
    if (found === undefined) throw new CairnError('not-found', `there is no key ${which}`)
    names.keys.remove(which)
    if (options.json === true) cli.terminal.printJson({ name: found.name, removed: true })
    else cli.terminal.print(`removed ${found.alias} ${found.name}`)
  })
}

function readKeyFile(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw toCairnError(cause, `cannot read ${path}`)
  }
}

async function readAll(stdin: NodeJS.ReadStream): Promise<Uint8Array> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of stdin) {
    pieces.push(Buffer.from(piece as Uint8Array))
    bytes += pieces.at(-1)?.byteLength ?? 0
    if (bytes > keyBytes)
      throw new CairnError('file-too-large', 'standard input is no key: too long')
  }
  return Buffer.concat(pieces)
}

function writeKeyFile(path: string, bytes: Uint8Array): void {
  try {
    const file = openSync(path, 'wx', 0o600)
    try {
      writeSync(file, bytes)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    throw toCairnError(cause, `cannot write ${path}`)
  }
}
