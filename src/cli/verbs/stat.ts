import { nameText } from '../../base/names.ts'
import { showBytes, showMoment } from '../../base/show-units.ts'
import { openNamesOf } from '../../daemon/open-names.ts'
import type { Cli, CommonOptions } from '../cli.ts'
import { parsePath } from '../parse-path.ts'
import { cidOf, type FoundPath, kindOf, withPath } from '../with-path.ts'

interface PathStatus {
  readonly path: string
  /** Undefined while it was not sealed since it was written. */
  readonly cid: string | undefined
  readonly codec: string | undefined
  readonly kind: string
  readonly size: number
  /** Permission bits in octal. */
  readonly mode: string
  readonly mtimeMs: number
  readonly target: string | undefined
  /** Of what is in /ipns: the name, and until when its record holds; a stale one is past that. */
  readonly name: NameState | undefined
}

interface NameState {
  readonly name: string
  readonly state: 'fresh' | 'stale'
  readonly endMs: number | undefined
}

/** Shows what a path is. */
export async function stat(cli: Cli, path: string, options: CommonOptions): Promise<void> {
  const status = await withPath(cli, path, options, found => ({
    ...statusOf(path, found),
    name: nameOf(path, found)
  }))
  if (options.json === true) cli.terminal.printJson(status)
  else for (const line of showStatus(status)) cli.terminal.print(line)
}

function nameOf(path: string, { content }: FoundPath): NameState | undefined {
  const { tree, names } = parsePath(path)
  const [first] = names
  if (tree !== 'ipns' || first === undefined) return undefined
  const known = openNamesOf(content)
  const shown = known.find(nameText(first))
  if (shown === undefined) return undefined
  const endMs = known.record(shown.name)?.endMs
  return { name: shown.name, state: shown.stale ? 'stale' : 'fresh', endMs }
}

function statusOf(path: string, { tree, attributes }: FoundPath): Omit<PathStatus, 'name'> {
  const { ino, mode, size, mtimeSeconds, mtimeNanoseconds } = attributes
  const cid = cidOf(tree, ino)
  const kind = kindOf(mode)
  return {
    path,
    cid: cid?.toString(),
    codec: cid === undefined ? undefined : nameCodec(cid.code),
    kind,
    size,
    mode: (mode & 0o7777).toString(8).padStart(4, '0'),
    mtimeMs: mtimeSeconds * 1000 + Math.floor(mtimeNanoseconds / 1_000_000),
    target: kind === 'symlink' ? Buffer.from(tree.readLink(ino)).toString('utf8') : undefined
  }
}

/** https://github.com/multiformats/multicodec/blob/master/table.csv */
function nameCodec(code: number): string {
  return { 85: 'raw', 112: 'dag-pb' }[code] ?? `0x${code.toString(16)}`
}

function showStatus(status: PathStatus): string[] {
  const { cid, codec, kind, size, mode, mtimeMs, target, name } = status
  return [
    `cid    ${cid ?? 'not sealed yet: `cairn snapshot` gives it one'}`,
    ...(codec === undefined ? [] : [`codec  ${codec}`]),
    `kind   ${kind}${target === undefined ? '' : ` to ${target}`}`,
    `size   ${size}${size < 1024 ? '' : ` (${showBytes(size)})`}`,
    `mode   ${mode}`,
    `mtime  ${mtimeMs === 0 ? 'none' : showMoment(mtimeMs)}`,
    ...(name === undefined ? [] : [showName(name)])
  ]
}

function showName({ name, state, endMs }: NameState): string {
  const until = endMs === undefined ? '' : `, its record holds until ${showMoment(endMs)}`
  return `name   ${name}, ${state}${until}`
}
