import type { Cli, CommonOptions } from '../cli.ts'
import { showBytes, showMoment } from '../show-units.ts'
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
}

/** Shows what a path is. */
export async function stat(cli: Cli, path: string, options: CommonOptions): Promise<void> {
  const status = await withPath(cli, path, options, found => statusOf(path, found))
  if (options.json === true) cli.terminal.printJson(status)
  else for (const line of showStatus(status)) cli.terminal.print(line)
}

function statusOf(path: string, { tree, attributes }: FoundPath): PathStatus {
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
  const { cid, codec, kind, size, mode, mtimeMs, target } = status
  return [
    `cid    ${cid ?? 'not sealed yet: `cairn snapshot` gives it one'}`,
    ...(codec === undefined ? [] : [`codec  ${codec}`]),
    `kind   ${kind}${target === undefined ? '' : ` to ${target}`}`,
    `size   ${size}${size < 1024 ? '' : ` (${showBytes(size)})`}`,
    `mode   ${mode}`,
    `mtime  ${mtimeMs === 0 ? 'none' : showMoment(mtimeMs)}`
  ]
}
