import { Parser, type Result } from 'tap-parser'

/** Test points, leaves only: a subtest's own closing point counts only if it fails with no failed point inside. */
export interface Count {
  passed: number
  failed: number
  skipped: number
  /** One text a failed point: its full name and what was wrong. */
  failures: string[]
  /** One text a skipped point. */
  skips: string[]
}

export function emptyCount(): Count {
  return { passed: 0, failed: 0, skipped: 0, failures: [], skips: [] }
}

/** Adds `more` to `total`, failures prefixed with where they come from. */
export function addCount(total: Count, more: Count, from: string): void {
  total.passed += more.passed
  total.failed += more.failed
  total.skipped += more.skipped
  total.failures.push(...more.failures.map(failure => `${from}: ${failure}`))
  total.skips.push(...more.skips.map(skip => `${from}: ${skip}`))
}

/** Counts a TAP stream: write the text to `parser`, end it, then read `count`. */
export function tapCounter(): { parser: Parser; count: Count } {
  const count = emptyCount()
  const parser = new Parser()
  watch(parser, count)
  return { parser, count }
}

function watch(parser: Parser, count: Count): void {
  let failedBefore = count.failed
  parser.on('child', (child: Parser) => {
    failedBefore = count.failed
    watch(child, count)
  })
  parser.on('assert', (result: Result) => {
    const explained = result.closingTestPoint && (result.ok || count.failed > failedBefore)
    if (!explained) countPoint(result, count)
  })
  parser.on('bailout', (reason: string) => {
    count.failed++
    count.failures.push(`bailed out: ${reason}`)
  })
}

function countPoint(result: Result, count: Count): void {
  const name = result.fullname
  if (result.skip !== false) {
    count.skipped++
    count.skips.push(typeof result.skip === 'string' ? `${name} (${result.skip})` : name)
  } else if (result.todo !== false || !result.ok) {
    count.failed++
    count.failures.push(
      `${name}${result.todo === false ? '' : ' (marked as still to do)'}${detail(result)}`
    )
  } else {
    count.passed++
  }
}

function detail(result: Result): string {
  if (result.diag === null) return ''
  const { source: _source, at: _at, ...facts } = result.diag as Record<string, unknown>
  return `\n${JSON.stringify(facts, undefined, 2)}`
    .replaceAll('\\n', '\n    ')
    .replaceAll('\n', '\n    ')
}
