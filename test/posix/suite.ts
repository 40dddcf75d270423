import type { Test } from 'tap'
import { expectedOf, type Line } from './language.ts'
import type { Subject } from './subjects.ts'
import type { Part, Table } from './tables/table.ts'

/**
 * What POSIX says of each call (https://pubs.opengroup.org/onlinepubs/9799919799/), and where it
 * leaves a choice what Linux does (https://man7.org/linux/man-pages/), over any file system.
 */
export async function posixSuite(
  t: Test,
  subject: Subject,
  tables: readonly Table[]
): Promise<void> {
  for (const [index, { title, without, parts }] of tables.entries()) {
    if (without.includes(subject.name)) continue
    await t.test(title, async t => {
      for (const [number, part] of parts.entries()) {
        await runPart(t, subject, part, `t${index}-${number}`)
      }
    })
  }
}

async function runPart(t: Test, subject: Subject, part: Part, folder: string): Promise<void> {
  for (const lines of byProcess(part.lines)) {
    const results = await subject.run(lines[0]?.process ?? '', {
      folder,
      setup: part.setup.map(line => line.command),
      commands: lines.map(line => line.command),
      renew: part.independent
    })
    for (const [index, line] of lines.entries()) {
      check(t, subject, part, line, results[index] ?? 'nothing')
    }
  }
}

/** Runs of lines that the same process makes. */
function byProcess(lines: readonly Line[]): Line[][] {
  const runs: Line[][] = []
  for (const line of lines) {
    const last = runs.at(-1)
    if (last?.[0]?.process === line.process) last.push(line)
    else runs.push([line])
  }
  return runs
}

function check(t: Test, subject: Subject, part: Part, line: Line, result: string): void {
  if (line.expected !== undefined) {
    t.equal(result, expectedOf(line.expected, subject.name), `${part.title}: ${line.text}`)
  } else if (/^E[A-Z0-9]+$|failed:|^no such/.test(result)) {
    t.fail(`${part.title}: ${line.text}: ${result}`)
  }
}
