import type { BlockWriter } from '../base/blocks.ts'
import { profiles } from '../unixfs/profiles.ts'
import { addFile, addStripe } from './add-file.ts'
import type { JobResults, ReadingJob } from './jobs.ts'
import { hashingBlocks } from './only-hash.ts'

/** Reads, hashes and stores what a job names. `blocks` is asked for only if something is to be stored. */
export function doJob(blocks: () => BlockWriter, job: ReadingJob): JobResults[ReadingJob['kind']] {
  const { profile: name, metadata, onlyHash, cancelled } = job.settings
  const target = onlyHash ? hashingBlocks : blocks()
  const profile = profiles[name]
  if (job.kind === 'stripe') return addStripe(target, profile, job.stripe)
  const how = { profile, metadata, maxBytes: job.maxBytes, cancelled }
  return job.paths.map(path => addFile(target, path, how))
}
