import { basename } from 'node:path'
import t from 'tap'
import { isCode, linesOf, projectFiles, textOf } from './source.ts'

const code = projectFiles().filter(isCode)
const mostLines = 300

t.test(`no file has more than ${mostLines} lines`, async t => {
  const long = code.filter(path => linesOf(path) > mostLines)
  t.strictSame(
    long.map(path => `${path}: ${linesOf(path)}`),
    []
  )
})

t.test('files are small by habit', async t => {
  const sizes = code.filter(path => path.startsWith('src/')).map(linesOf)
  const median = sizes.toSorted((a, b) => a - b)[Math.floor(sizes.length / 2)] ?? 0
  t.comment(`the median file of src has ${median} lines`)
  t.ok(median <= 120, `the median file of src has ${median} lines, at most 120`)
})

t.test('the linter holds functions to 60 lines', async t => {
  const { linter } = JSON.parse(textOf('biome.json')) as {
    linter: { rules: { complexity: Record<string, unknown> } }
  }
  t.match(linter.rules.complexity.noExcessiveLinesPerFunction, {
    level: 'error',
    options: { maxLines: 60 }
  })
})

t.test('files are named by what they do', async t => {
  const vague = /(^|[-.])(manager|utils?|helpers?|misc|common|stuff)([-.]|$)/
  t.match('path-utils.ts', vague)
  t.strictSame(
    code.filter(path => vague.test(basename(path))),
    []
  )
})
