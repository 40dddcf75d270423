import t from 'tap'
import { openLogger } from '../../src/daemon/logger.ts'

function collect(plain: boolean, level: 'info' | 'warn' = 'info') {
  const lines: string[] = []
  return { lines, log: openLogger({ level, plain, write: line => lines.push(line) }) }
}

t.test('a line is one JSON object, facts as fields', t => {
  const { lines, log } = collect(false)
  log.info({ mount: '/a\nb' }, 'mounted')
  t.equal(lines.length, 1)
  t.match(JSON.parse(lines[0] ?? ''), {
    level: 'info',
    msg: 'mounted',
    mount: '/a\nb',
    time: /^\d{4}-/
  })
  t.equal(lines[0]?.split('\n').length, 2, 'a newline in a fact does not break the line')
  t.end()
})

t.test('for people a plain line, and an error with its stack below', t => {
  const { lines, log } = collect(true)
  log.warn({ path: '/a b', count: 2, err: new Error('no') }, 'a request failed')
  t.match(
    lines[0],
    /^\d\d:\d\d:\d\d warn {2}a request failed path="\/a b" count=2\n {4}Error: no\n/
  )
  t.end()
})

t.test('what is below the level is not written', t => {
  const { lines, log } = collect(false, 'warn')
  log.info({}, 'quiet')
  log.error({}, 'loud')
  t.equal(lines.length, 1)
  t.end()
})
