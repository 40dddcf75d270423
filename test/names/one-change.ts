import type { Test } from 'tap'
import { makeHome } from '../bundle/bundle-home.ts'
import { dieAtStep } from '../lib/die-at-step.ts'
import { type ChangeName, changes } from './changes.ts'

/**
 * A process that makes one change to a home, and is killed before a step of it; at its end it tells, as JSON, through
 * which steps it went.
 */
const [change, folder = '', step, name = '', bundle = '', otherFolder = ''] = process.argv.slice(2)
const t = { teardown: () => {} } as unknown as Test
const home = makeHome(t, folder)
const other = otherFolder === '' ? undefined : makeHome(t, otherFolder)
const steps = dieAtStep(Number(step))
await changes[change as ChangeName](home, { home: other, bundle, name })
process.stdout.write(JSON.stringify([...steps]))
