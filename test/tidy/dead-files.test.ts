import t from 'tap'
import { isCode, projectFiles, reachable, textOf, withoutComments } from './source.ts'

const code = projectFiles().filter(isCode)
const product = code.filter(path => /^(src|adapters)\//.test(path) && !path.endsWith('.d.ts'))

/** What others build upon: the store as IPFS libraries take it. */
const published = ['src/store/blockstore.ts']

t.test('every file of src and adapters is reached from the command line', async t => {
  const alive = reachable(['src/cli/main.ts', ...published])
  t.strictSame(
    product.filter(path => !alive.has(path)),
    []
  )
})

t.test('every other file is reached from a test, a bench or a script', async t => {
  const scripts = projectFiles().filter(path => path.startsWith('scripts/') && !isCode(path))
  const named = scripts.flatMap(script =>
    [...textOf(script).matchAll(/(?:scripts|bench)\/[\w./-]+\.ts/g)].map(([path]) => path)
  )
  const tests = code.filter(path => path.endsWith('.test.ts'))
  const benches = code.filter(path => /^bench\/[^/]+\.ts$/.test(path))
  const alive = reachable([...named, ...tests, ...benches])
  t.strictSame(
    code.filter(path => !/^(src|adapters)\//.test(path) && !alive.has(path)),
    []
  )
})

t.test('every export of src and adapters is used somewhere', async t => {
  const words = new Map<string, number>()
  for (const path of code) {
    for (const [word] of withoutComments(textOf(path)).matchAll(/[A-Za-z_$][\w$]*/g)) {
      words.set(word, (words.get(word) ?? 0) + 1)
    }
  }
  const unused = product.flatMap(path =>
    exportsOf(path)
      .filter(name => words.get(name) === 1)
      .map(name => `${path}: ${name}`)
  )
  t.strictSame(unused, [])
})

function exportsOf(path: string): string[] {
  const declared = /^export (?:async )?(?:function\*?|const|class|interface|type) ([\w$]+)/gm
  return [...textOf(path).matchAll(declared)].map(match => match[1] ?? '')
}
