import { Worker } from 'node:worker_threads'
import { CairnError } from '../../../src/base/errors.ts'
import { threadUrl } from '../../../src/base/thread.ts'
import type { KeyPair, OpenpgpAnswer, OpenpgpJob, Signed, Verified } from './jobs.ts'

/**
 * OpenPGP in a thread that lives as long as one job: loading the library and checking a signature
 * take a tenth of a second that no door should wait for, and its memory goes with the thread.
 */
export async function verifySignature(
  keyring: Uint8Array,
  document: Uint8Array,
  signature?: Uint8Array
): Promise<Verified> {
  const answer = await run({ kind: 'verify', keyring, document, signature })
  if (answer.kind === 'failed') return { problem: answer.message }
  return answer.kind === 'verify' ? answer.result : unexpected()
}

/** A new key pair, armoured: ed25519, which every apt since 2017 knows. */
export async function makeKey(name: string): Promise<KeyPair> {
  const answer = await run({ kind: 'make-key', name })
  return answer.kind === 'make-key' ? answer.result : unexpected(answer)
}

/** Throws `invalid` for a key that cannot sign. */
export async function sign(privateKey: string, text: string): Promise<Signed> {
  const answer = await run({ kind: 'sign', privateKey, text })
  return answer.kind === 'sign' ? answer.result : unexpected(answer)
}

async function run(job: OpenpgpJob): Promise<OpenpgpAnswer> {
  const worker = new Worker(threadUrl('./thread', import.meta.url), { workerData: job })
  const { promise, resolve, reject } = Promise.withResolvers<OpenpgpAnswer>()
  worker.once('message', resolve)
  worker.once('error', reject)
  try {
    return await promise
  } finally {
    await worker.terminate()
  }
}

function unexpected(answer?: OpenpgpAnswer): never {
  const why = answer?.kind === 'failed' ? answer.message : 'the thread answered something else'
  throw new CairnError('invalid', `OpenPGP: ${why}`)
}
