import { parentPort } from 'node:worker_threads'
import { toCairnError } from '../../src/base/errors.ts'
import { type DocumentAnswer, type DocumentJob, doDocumentJob } from './document-job.ts'

/** A worker thread: answers each job in turn. */
parentPort?.on('message', ({ id, work }: DocumentJob) => {
  try {
    const { result, moves } = doDocumentJob(work)
    const own = moves.flatMap(({ buffer, byteLength }) =>
      buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : []
    )
    parentPort?.postMessage({ id, result } satisfies DocumentAnswer, own)
  } catch (cause) {
    const { code, message } = toCairnError(cause)
    parentPort?.postMessage({ id, error: { code, message } } satisfies DocumentAnswer)
  }
})
