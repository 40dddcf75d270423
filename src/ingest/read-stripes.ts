import { Leaves, type PackedLeaves } from '../unixfs/leaves.ts'
import { addStripe, type FileVersion, type Stripe } from './add-file.ts'
import type { HashPool } from './hash-pool.ts'
import type { Tally } from './tally.ts'

const MiB = 1024 * 1024

/** A job takes some milliseconds: few messages, all threads end together, an abort is soon noticed. */
export const stripeBytes = 8 * MiB

export interface StripedFile {
  readonly path: string
  readonly version: FileVersion
}

/**
 * Reads a file that is cut at fixed lengths, by all threads there are: its leaves in order, stored unless the
 * import only hashes. With a pool the caller sees to it that jobs are helped with.
 */
export async function readStripes(
  tally: Tally,
  pool: HashPool | undefined,
  { path, version }: StripedFile
): Promise<Leaves> {
  const stripes: Stripe[] = []
  for (let start = 0; start < version.bytes; start += stripeBytes) {
    const end = Math.min(version.bytes, start + stripeBytes)
    stripes.push({ path, version, start, end })
  }
  const parts = await (pool === undefined
    ? readHere(tally, stripes)
    : Promise.all(stripes.map(stripe => readThere(tally, pool, stripe))))
  const leaves = new Leaves()
  for (const part of parts) leaves.append(part)
  return leaves
}

async function readHere(tally: Tally, stripes: readonly Stripe[]): Promise<PackedLeaves[]> {
  const parts: PackedLeaves[] = []
  for (const stripe of stripes) {
    const { blocks, profile, breather } = tally
    parts.push(addStripe(blocks, profile, stripe))
    tally.read(stripe.end - stripe.start)
    await breather.did(0, stripe.end - stripe.start)
  }
  return parts
}

async function readThere(tally: Tally, pool: HashPool, stripe: Stripe): Promise<PackedLeaves> {
  const job = { kind: 'stripe', settings: tally.settings, stripe } as const
  const part = await pool.run(job, tally.signal)
  tally.read(stripe.end - stripe.start)
  return part
}
