import { CairnError } from '../../base/errors.ts'
import type { Cli, CommonOptions } from '../cli.ts'
import { type FoundPath, kindOf, withPath } from '../with-path.ts'

const pieceBytes = 1024 * 1024

/** Prints files' bytes, one after the other. Throws `is-directory` and `invalid` for what is not a file. */
export async function cat(
  cli: Cli,
  paths: readonly string[],
  options: CommonOptions
): Promise<void> {
  for (const path of paths) {
    await withPath(cli, path, options, found => printFile(cli, path, found))
  }
}

/** To standard output, as it is, sealed or not. Throws as `cat`. */
export async function printFile(
  { terminal, signal }: Cli,
  path: string,
  { tree, attributes }: FoundPath
): Promise<void> {
  const kind = kindOf(attributes.mode)
  if (kind === 'directory') {
    throw new CairnError(
      'is-directory',
      `${path} is a folder: list it with \`cairn ls\`, or print an archive of it with \`cairn get --tar\``
    )
  }
  if (kind !== 'file') throw new CairnError('invalid', `${path} is a ${kind}, not a file`)
  const piece = Buffer.alloc(Math.min(pieceBytes, Math.max(1, attributes.size)))
  for (let position = 0; ; ) {
    signal.throwIfAborted()
    const bytes = tree.read(attributes.ino, piece, position)
    if (bytes === 0) return
    await terminal.write(piece.subarray(0, bytes))
    position += bytes
  }
}
