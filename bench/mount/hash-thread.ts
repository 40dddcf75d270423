import { createHash } from 'node:crypto'
import { workerData } from 'node:worker_threads'

/** A thread that hashes `workerData.mebibytes` of memory by sha256, in pieces of 1 MiB, and ends. */
const { mebibytes } = workerData as { readonly mebibytes: number }
const piece = Buffer.alloc(1024 * 1024, 7)
for (let done = 0; done < mebibytes; done++) createHash('sha256').update(piece).digest()
