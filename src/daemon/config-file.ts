import { readFile } from 'node:fs/promises'
import type { Document, LineCounter, Pair, YAMLMap } from 'yaml'
import { CairnError, toCairnError } from '../base/errors.ts'
import { closestName } from './closest-name.ts'
import type { RawSetting, RawSettings } from './settings.ts'
import { type SettingName, settingNames, settingsTable } from './settings-table.ts'

/**
 * Reads `config.yaml` (YAML 1.2): known keys only, values as they stand. A file that is not there
 * has no settings. Throws `invalid` with `file:line:column` and what to do.
 */
export async function readConfigFile(path: string): Promise<RawSettings> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return {}
    throw toCairnError(cause, `cannot read the configuration ${path}`)
  }
  return parseConfig(text, path)
}

/** As `readConfigFile`, of text at hand; `path` opens the errors' messages. */
export async function parseConfig(text: string, path: string): Promise<RawSettings> {
  const yaml = await import('yaml')
  const lines = new yaml.LineCounter()
  const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const where = (offset: number) => showPlace(path, lines, offset)
  const [problem] = document.errors
  if (problem !== undefined) throw refuse(where(problem.pos[0]), problem.message)
  if (document.contents === null || isNothing(yaml, document.contents)) return {}
  if (!yaml.isMap(document.contents)) {
    throw refuse(where(0), 'the configuration is not a map: write "key: value" lines')
  }
  const reader = new ConfigReader(yaml, document, where)
  reader.readMap(document.contents, [])
  return reader.found
}

type Yaml = typeof import('yaml')

class ConfigReader {
  readonly found: Partial<Record<SettingName, RawSetting>> = {}
  readonly #yaml: Yaml
  readonly #document: Document
  readonly #where: (offset: number) => string

  constructor(yaml: Yaml, document: Document, where: (offset: number) => string) {
    this.#yaml = yaml
    this.#document = document
    this.#where = where
  }

  /** Every key of a map must lead to a setting, or be one. */
  readMap(map: YAMLMap, above: readonly string[]): void {
    for (const pair of map.items) {
      const keys = [...above, this.#keyOf(pair)]
      const name = settingNames.find(each => settingsTable[each].keys.join('.') === keys.join('.'))
      if (name !== undefined) this.#take(name, pair)
      else if (!isSection(keys)) throw refuse(this.#place(pair.key), unknownKey(keys))
      else if (this.#yaml.isMap(pair.value)) this.readMap(pair.value, keys)
      else if (!isNothing(this.#yaml, pair.value)) {
        throw refuse(
          this.#place(pair.value),
          `"${keys.join('.')}" holds settings: indent them below it`
        )
      }
    }
  }

  #take(name: SettingName, pair: Pair): void {
    if (isNothing(this.#yaml, pair.value)) return
    const node = pair.value
    this.found[name] = {
      value: this.#yaml.isNode(node) ? node.toJS(this.#document) : node,
      code: 'invalid',
      where: (...keys) => this.#place(this.#partOf(node, keys) ?? node)
    }
  }

  #partOf(node: unknown, keys: readonly string[]): unknown {
    return keys.length > 0 && this.#yaml.isMap(node) ? node.getIn(keys, true) : undefined
  }

  #keyOf(pair: Pair): string {
    const key = this.#yaml.isScalar(pair.key) ? pair.key.value : pair.key
    if (typeof key !== 'string') throw refuse(this.#place(pair.key), 'a key must be a plain word')
    return key
  }

  #place(node: unknown): string {
    const range = this.#yaml.isNode(node) ? node.range : undefined
    return this.#where(range?.[0] ?? 0)
  }
}

/** A key, or a document, that nothing was written for. */
function isNothing(yaml: Yaml, node: unknown): boolean {
  return node === null || (yaml.isScalar(node) && node.value === null)
}

function isSection(keys: readonly string[]): boolean {
  const prefix = `${keys.join('.')}.`
  return settingNames.some(name => settingsTable[name].keys.join('.').startsWith(prefix))
}

function unknownKey(keys: readonly string[]): string {
  const depth = keys.length
  const above = keys.slice(0, -1).join('.')
  const siblings = settingNames
    .map(name => settingsTable[name].keys)
    .filter(path => path.length >= depth && path.slice(0, depth - 1).join('.') === above)
    .map(path => path[depth - 1] ?? '')
  const known = [...new Set(siblings)]
  const near = closestName(keys.at(-1) ?? '', known)
  const advice = near === undefined ? `known here: ${known.join(', ')}` : `did you mean "${near}"?`
  return `unknown key "${keys.join('.')}": ${advice}`
}

function showPlace(path: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset)
  return `${path}:${line}:${col}`
}

function refuse(where: string, message: string): CairnError {
  return new CairnError('invalid', `${where}: ${message}`)
}
