import t from 'tap'
import { textOf } from './source.ts'

interface Locked {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const packages = Object.entries(
  (JSON.parse(textOf('package-lock.json')) as { packages: Record<string, Locked> }).packages
)
const names = new Set(packages.map(([path]) => path))

t.test('every optional dependency is locked, or npm ci refuses on another machine', async t => {
  // A registry that lacks the packages of other systems makes `npm install` drop them from the lock.
  const lacking = packages.flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter(name => !isLocked(path, name))
      .map(name => `${path}: ${name}`)
  )
  t.strictSame(lacking, [])
})

t.test(
  'every package that Linux installs is locked by its integrity, and by no address',
  async t => {
    const installed = packages.filter(
      ([path, { os = ['linux'] }]) => path !== '' && os.includes('linux') && !path.endsWith('-musl')
    )
    t.ok(installed.length > 50)
    t.strictSame(
      installed.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path),
      []
    )
    t.strictSame(
      packages.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path),
      []
    )
  }
)

/** npm looks in the dependent's own node_modules first, then in each one above. */
function isLocked(path: string, name: string): boolean {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (names.has(`${at === '' ? '' : `${at}/`}node_modules/${name}`)) return true
    if (!at.includes('node_modules')) return false
    if (!at.includes('/node_modules/')) return names.has(`node_modules/${name}`)
  }
}
