import { type Line, parseLines } from '../language.ts'

/** Rows that belong together. */
export interface Table {
  readonly title: string
  /** Subjects it says nothing of: the tree where only a kernel does it (locks, mappings, descriptors of its own). */
  readonly without: readonly string[]
  readonly parts: readonly Part[]
}

/** Lines that run in a folder of their own. */
export interface Part {
  readonly title: string
  readonly setup: readonly Line[]
  readonly lines: readonly Line[]
  /** Each line finds the folder as `setup` left it. */
  readonly independent: boolean
}

/** Sequences of calls, each below a heading (`== title`) and in an empty folder. */
export function sequences(text: string): Part[] {
  return text
    .split(/^ *== /m)
    .slice(1)
    .map(section => {
      const end = section.indexOf('\n')
      const lines = parseLines(section.slice(end + 1))
      return { title: section.slice(0, end).trim(), setup: [], lines, independent: false }
    })
}

/**
 * Calls crossed with what they are called on. The first line names the columns, each further one is
 * a call in which `%` stands for the column, and what is expected in each; two blanks or more part
 * them. Each call finds the folder as `setup` made it.
 */
export function crossing(title: string, setup: string, text: string): Part {
  const [head = [], ...rows] = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => line.split(/ {2,}/))
  const lines = rows.flatMap(([call = '', ...expected]) => {
    if (expected.length !== head.length) throw new Error(`${expected.length} columns in: ${call}`)
    return head.map((column, index) => `${call.replaceAll('%', column)} -> ${expected[index]}`)
  })
  return independent(title, setup, lines.join('\n'))
}

/** Calls of which each finds the folder as `setup` made it. */
export function independent(title: string, setup: string, text: string): Part {
  return { title, setup: parseLines(setup), lines: parseLines(text), independent: true }
}
