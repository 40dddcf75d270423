import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import {
  addFiles,
  addPackage,
  type BundleHome,
  exportFrom,
  makeHome,
  nameOf,
  scratch
} from '../bundle/bundle-home.ts'
import {
  type ChangeName,
  changes,
  followedIn,
  importedIn,
  publishedIn,
  publishIn
} from './changes.ts'

t.setTimeout(170_000)

/** What a change is made to. */
interface Before {
  readonly home: BundleHome
  readonly other?: BundleHome
  readonly bundle?: string
}

interface Row {
  readonly change: ChangeName
  readonly what: string
  readonly prepare: (t: Test) => Before | Promise<Before>
  readonly seen: (home: BundleHome) => string
  /** All that the next start may see, in this order and nothing between; the last is what it makes of each. */
  readonly states: readonly string[]
}

const publisherOf = (t: Test, text: string): BundleHome => {
  const home = makeHome(t)
  publishIn(home, text)
  return home
}

/** A home that follows another's name, whole; the other published again since. */
async function follower(t: Test): Promise<Before> {
  const [home, other] = [makeHome(t), publisherOf(t, 'first')]
  await changes.follow(home, { home: other, bundle: '', name: keyOf(other) })
  publishIn(other, 'second')
  return { home, other }
}

const keyOf = ({ names }: BundleHome) => names.keys.list()[0]?.name ?? ''

const rows: readonly Row[] = [
  {
    change: 'publish',
    what: 'publishes for the first time, with a key made for it',
    prepare: t => ({ home: makeHome(t) }),
    seen: publishedIn,
    states: ['no key', 'blog: no record', 'blog: second']
  },
  {
    change: 'publish',
    what: 'publishes again',
    prepare: t => ({ home: publisherOf(t, 'first') }),
    seen: publishedIn,
    states: ['blog: first', 'blog: second']
  },
  {
    change: 'unpublish',
    what: 'ends publishing',
    prepare: t => ({ home: publisherOf(t, 'first') }),
    seen: publishedIn,
    states: ['blog: first', 'blog: no more first']
  },
  {
    change: 'rotate',
    what: 'has another key take over',
    prepare: t => ({ home: publisherOf(t, 'first') }),
    seen: publishedIn,
    states: ['blog: first', 'blog: first, the old key points at the new one']
  },
  {
    change: 'follow',
    what: 'follows a name and keeps its content',
    prepare: t => ({ home: makeHome(t), other: publisherOf(t, 'first') }),
    seen: followedIn,
    states: [
      'not followed',
      'no record, shows nothing, keeps nothing',
      'record 0, shows nothing, keeps nothing',
      'record 0, shows first, keeps nothing',
      'record 0, shows first, keeps first'
    ]
  },
  {
    change: 'follow',
    what: 'goes along with a followed name that moved',
    prepare: follower,
    seen: followedIn,
    states: [
      'record 0, shows first, keeps first',
      'record 1, shows first, keeps first',
      'record 1, shows second, keeps first',
      'record 1, shows second, keeps second'
    ]
  },
  {
    change: 'unfollow',
    what: 'follows no more',
    prepare: follower,
    seen: followedIn,
    states: ['record 0, shows first, keeps first', 'not followed']
  },
  {
    change: 'import',
    what: 'takes a bundle in',
    prepare: async t => {
      const other = publisherOf(t, 'first')
      addPackage(other, 'npm/pad', 'a package')
      const root = { label: '/mfs/site', cid: addFiles(other, { site: 'site' }).toString() }
      const bundle = join(scratch(t), 'bundle')
      const names = [nameOf(other, 'blog')]
      await exportFrom(other, bundle, { roots: [root], names, packages: ['npm'] })
      return { home: makeHome(t), other, bundle }
    },
    seen: importedIn,
    states: ['pins , names , no package', 'pins site, names first, a package']
  }
]

/** Without it most of a process is reading its own sources. */
const compiled = mkdtempSync(join(tmpdir(), 'cairn-compiled-'))
t.teardown(() => rmSync(compiled, { recursive: true, force: true }))
const env = { ...process.env, NODE_COMPILE_CACHE: compiled }
const entry = new URL('./one-change.ts', import.meta.url).pathname

for (const { change, what, prepare, seen, states } of rows) {
  t.test(`killed before each step, who ${what} left one of ${states.length} states`, async t => {
    const { home, other, bundle = '' } = await prepare(t)
    home.close()
    const name = other === undefined ? '' : keyOf(other)
    const run = async (folder: string, step: number) => {
      cpSync(home.home, folder, { recursive: true })
      const places = [name, bundle, other?.home ?? '']
      const plain = ['--disable-warning=ExperimentalWarning', entry]
      const args = [...plain, change, folder, `${step}`, ...places]
      const run = promisify(execFile)(process.execPath, args, { env })
      return await run.then(
        ({ stdout }) => JSON.parse(stdout) as string[],
        ({ signal }: { signal: string }) => signal
      )
    }
    const folder = join(scratch(t), 'whole')
    const steps = await run(folder, 0)
    if (typeof steps === 'string') throw new Error(`${what}: ended by ${steps}`)
    const met = new Set<string>()
    let last = 0
    for (const [index, step] of steps.entries()) {
      const copy = `${folder}-${index}`
      t.equal(await run(copy, index + 1), 'SIGKILL')
      const next = makeHome(t, copy)
      const state = seen(next)
      met.add(state)
      const place = states.indexOf(state)
      t.ok(place >= last, `before ${step.slice(0, 60)}: ${state}`)
      last = place
      await changes[change](next, { home: other, bundle, name })
      t.equal(seen(next), states.at(-1), 'the next start makes it whole')
      next.close()
      rmSync(copy, { recursive: true })
    }
    const whole = makeHome(t, folder)
    met.add(seen(whole))
    t.strictSame([...met], states, `${steps.length} steps`)
    whole.close()
  })
}
