import t from 'tap'
import { layerFault } from './layers.ts'
import { importsOf, isCode, packagesOf, projectFiles, textOf } from './source.ts'

const product = projectFiles().filter(path => isCode(path) && /^(src|adapters)\//.test(path))

t.test('the rule refuses what it should', async t => {
  const refused = [
    ['src/base/a.ts', 'src/store/b.ts', 'upward'],
    ['src/store/a.ts', 'src/unixfs/b.ts', 'sideways'],
    ['src/vfs/mfs/a.ts', 'src/pull/b.ts', 'sideways'],
    ['src/daemon/a.ts', 'src/cli/b.ts', 'sideways'],
    ['adapters/apt/a.ts', 'src/store/b.ts', 'adapter sees'],
    ['adapters/apt/a.ts', 'src/pull/catalog.ts', 'adapter sees'],
    ['adapters/apt/a.ts', 'adapters/npm/b.ts', 'adapter sees'],
    ['src/pull/a.ts', 'adapters/apt/b.ts', 'sideways'],
    ['src/extra/a.ts', 'src/base/b.ts', 'no layer'],
    ['src/store/a.ts', 'test/lib/skip.ts', 'no layer']
  ] as const
  for (const [importer, imported, why] of refused) {
    t.match(layerFault(importer, imported), why, `${importer} may not import ${imported}`)
  }
})

t.test('the rule allows what it should', async t => {
  const allowed = [
    ['src/vfs/mfs/a.ts', 'src/vfs/api.ts'],
    ['src/vfs/a.ts', 'src/store/b.ts'],
    ['src/daemon/a.ts', 'adapters/apt/b.ts'],
    ['adapters/apt/a.ts', 'src/pull/adapter.ts'],
    ['adapters/apt/a.ts', 'src/base/digest.ts'],
    ['src/cli/main.ts', 'src/daemon/run.ts']
  ] as const
  for (const [importer, imported] of allowed) {
    t.equal(layerFault(importer, imported), undefined, `${importer} may import ${imported}`)
  }
})

t.test('imports are found in every form, and not in comments', async t => {
  const text = [
    "import { a } from './a.ts'",
    "import type { B } from '../b.ts'",
    "export { c } from './c.ts'",
    "const d = await import('./d.ts')",
    "new Worker(threadUrl('e', import.meta.url))",
    "// import { f } from './f.ts'",
    "/* import { g } from './g.ts' */",
    "import { CID } from 'multiformats/cid'",
    "import { h } from '@ipld/dag-pb'"
  ].join('\n')
  t.strictSame(importsOf('src/x/y.ts', text).toSorted(), [
    'src/b.ts',
    'src/x/a.ts',
    'src/x/c.ts',
    'src/x/d.ts',
    'src/x/e.ts'
  ])
  t.strictSame(packagesOf('src/x/y.ts', text), ['multiformats', '@ipld/dag-pb'])
})

t.test('every import of src and adapters goes downward', async t => {
  const faults = product.flatMap(path =>
    importsOf(path).flatMap(imported => layerFault(path, imported) ?? [])
  )
  t.strictSame(faults, [])
})

t.test('src and adapters import only packages that are dependencies', async t => {
  const { dependencies } = JSON.parse(textOf('package.json')) as {
    dependencies: Record<string, string>
  }
  const strangers = product.flatMap(path =>
    packagesOf(path)
      .filter(name => !(name in dependencies))
      .map(name => `${path} imports ${name}`)
  )
  t.strictSame(strangers, [])
})

t.test('every dependency is used', async t => {
  const { dependencies } = JSON.parse(textOf('package.json')) as {
    dependencies: Record<string, string>
  }
  const used = new Set(product.flatMap(path => packagesOf(path)))
  // The compiler builds on the machine that runs it: scripts/prepare.
  const unused = Object.keys(dependencies).filter(name => !used.has(name) && name !== 'typescript')
  t.strictSame(unused, [])
})
