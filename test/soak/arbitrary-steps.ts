import fc from 'fast-check'
import type { Step } from './world.ts'

const names = ['a', 'b', 'c', 'a/x', 'a/y', 'b/x', 'a/x/deep', 'b/x/deep']
const path = fc.constantFrom(...names)
const of = <K extends Step['kind']>(...kinds: K[]) => fc.constantFrom(...kinds)
const length = fc.constantFrom(1, 500, 4096, 16_000, 20_000)

/** Calls that may or may not succeed, on few names, so that they meet. */
export const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: of('create', 'mkdir', 'create', 'mkdir', 'unlink', 'rmdir', 'sync'), path }),
  fc.record({ kind: of('rename', 'rename', 'link', 'exchange', 'copy'), path, to: path }),
  fc.record({
    kind: of('write'),
    path,
    position: fc.nat(20_000),
    length,
    mark: fc.integer({ min: 1, max: 255 })
  }),
  fc.record({ kind: of('truncate'), path, size: fc.nat(30_000) })
)
