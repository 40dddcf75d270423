import { request } from 'node:http'
import { CairnError, type ErrorCode, errorCodes, toCairnError } from '../base/errors.ts'
import { type ControlError, controlPrefix } from './api.ts'
import { withSocketPath } from './socket-path.ts'

/** What connecting to a socket that is not there, or that nobody listens to, fails with. */
const nobody: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ECONNREFUSED'])

/** A daemon under load still answers in a fraction of it. */
const answerMs = 10_000

/** Answers are small; more than this is not one. */
const answerBytes = 64 * 1024 * 1024

/**
 * Calls the daemon of a home and returns its answer, or undefined if no daemon runs there. Throws
 * what the daemon throws; `aborted` by the signal; `timeout` if a GET, which is answered at once by a
 * daemon that is well, is not.
 */
export async function callDaemon<T>(
  socket: string,
  method: 'GET' | 'POST',
  call: string,
  signal: AbortSignal
): Promise<T | undefined> {
  const patience = AbortSignal.timeout(answerMs)
  const until = method === 'GET' ? AbortSignal.any([signal, patience]) : signal
  try {
    return (await withSocketPath(socket, path => exchange(path, method, call, until))) as T
  } catch (cause) {
    if (until.aborted && !signal.aborted) {
      throw new CairnError(
        'timeout',
        `the daemon at ${socket} does not answer: it hangs, or is stopped; see its log`,
        { cause }
      )
    }
    const code = (cause as NodeJS.ErrnoException).code
    if (code !== undefined && nobody.has(code)) return undefined
    throw toCairnError(cause, `the daemon at ${socket} does not answer`)
  }
}

function exchange(
  socketPath: string,
  method: string,
  call: string,
  signal: AbortSignal
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const path = `${controlPrefix}${call}`
    const asked = request({ socketPath, method, path, signal, agent: false }, answer => {
      const chunks: Buffer[] = []
      let bytes = 0
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        bytes += chunk.byteLength
        if (bytes > answerBytes) answer.destroy(new CairnError('io', 'its answer is too long'))
      })
      answer.on('error', reject)
      answer.on('end', () => {
        try {
          resolve(readAnswer(answer.statusCode ?? 0, Buffer.concat(chunks).toString('utf8')))
        } catch (cause) {
          reject(cause)
        }
      })
    })
    asked.on('error', reject)
    asked.end()
  })
}

function readAnswer(status: number, text: string): unknown {
  const body: unknown = JSON.parse(text)
  if (status === 200) return body
  const { error } = body as Partial<ControlError>
  const code = errorCodes.find(each => each === error?.code) ?? ('io' satisfies ErrorCode)
  throw new CairnError(code, error?.message ?? `it answered ${status}`)
}
