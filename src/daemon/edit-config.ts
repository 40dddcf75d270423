import { chown, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parseConfig } from './config-file.ts'

/** One change of `config.yaml`: the keys that lead to it, and its value; undefined removes it. */
export interface ConfigEdit {
  readonly keys: readonly string[]
  readonly value: unknown
  /** A plain value that stands where a map has to becomes a map, with it under this key. */
  readonly plainAs?: string
}

/**
 * Changes `config.yaml` (made if it is not there), keeps comments and order, and replaces the file
 * at once; it belongs to whom its folder does, also when root changes it. Throws `invalid` if the file was not valid before, or would not be after.
 */
export async function editConfig(path: string, edits: readonly ConfigEdit[]): Promise<void> {
  const text = await readOrEmpty(path)
  await parseConfig(text, path)
  const { isScalar, parseDocument } = await import('yaml')
  const document = parseDocument(text)
  for (const { keys, value, plainAs } of edits) {
    const above = document.getIn(keys.slice(0, -1), true)
    if (plainAs !== undefined && isScalar(above)) {
      document.setIn(keys.slice(0, -1), document.createNode({ [plainAs]: above.value }))
    }
    if (value === undefined) document.deleteIn(keys)
    else document.setIn(keys, document.createNode(value))
  }
  const edited = document.contents === null ? '' : document.toString()
  await parseConfig(edited, path)
  const beside = `${path}.${process.pid}`
  await writeFile(beside, edited, { mode: 0o600, flush: true })
  if (process.getuid?.() === 0) {
    const { uid, gid } = await stat(dirname(path))
    await chown(beside, uid, gid)
  }
  await rename(beside, path)
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw cause
  }
}
