import fc from 'fast-check'
import type { Metadata } from '../../src/unixfs/api.ts'

/**
 * Not in [2^31, 2^32): there @helia/unixfs 8.0.5 gives one file a different CID from call to call. A
 * golden CID could not be had from it either.
 */
const mtimeArbitrary = fc
  .integer({ min: -(2 ** 40), max: 2 ** 40 })
  .filter(seconds => seconds < 2 ** 31 || seconds >= 2 ** 32)

export const metadataArbitrary: fc.Arbitrary<Metadata> = fc.oneof(
  fc.constant({}),
  fc.record(
    {
      mode: fc.integer({ min: 0, max: 0o7777 }),
      mtimeSeconds: mtimeArbitrary,
      mtimeNanoseconds: fc.integer({ min: 0, max: 999_999_999 })
    },
    { requiredKeys: ['mode', 'mtimeSeconds'] }
  ),
  fc.constant({ mode: 0o644 }),
  fc.constant({ mtimeSeconds: 0 }),
  fc.constant({ mtimeSeconds: -1 })
)
