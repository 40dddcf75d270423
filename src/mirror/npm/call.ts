import type { IncomingMessage, ServerResponse } from 'node:http'
import { createGunzip } from 'node:zlib'
import type { Documents } from '../../../adapters/npm/documents.ts'
import type { NpmView } from '../../../adapters/npm/target.ts'
import type { SignIn } from '../../access/sign-in.ts'
import type { Tokens } from '../../access/tokens.ts'
import { type Access, mayDo } from '../../base/access.ts'
import { ByteBudget } from '../../base/byte-budget.ts'
import type { Clock } from '../../base/clock.ts'
import { CairnError } from '../../base/errors.ts'
import type { Body, Catalog, FetchUpstream, Pull } from '../../pull/api.ts'
import type { Packages } from '../../pull/registry/api.ts'
import type { UnixfsReader } from '../../unixfs/api.ts'
import type { LoginSessions } from './login-sessions.ts'
import type { Registries } from './place.ts'

export interface NpmDoorOptions {
  /** As configured at the time of the request. */
  readonly registries: () => Registries
  readonly pull: Pull
  readonly catalog: Catalog
  readonly reader: UnixfsReader
  readonly packages: Packages
  readonly documents: Documents
  readonly tokens: Tokens
  readonly signIn: SignIn
  /** Whether there is a user of this name. */
  readonly isUser: (name: string) => boolean
  /** With what each upstream wants to be asked by. */
  readonly fetchUpstream: FetchUpstream
  readonly clock: Clock
}

/** One request and all it takes to answer it. */
export interface Call {
  readonly options: NpmDoorOptions
  readonly sessions: LoginSessions
  readonly registries: Registries
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly signal: AbortSignal
  readonly access: Access
  readonly view: NpmView
  /** What stands behind the question mark. */
  readonly query: string
}

/** Whether the client is on this machine, where nobody says who they are. */
export function isLocal({ access }: Pick<Call, 'access'>): boolean {
  return access.user === undefined && mayDo(access, 'admin')
}

/** The address the client knows this registry by, in its view: tarballs must be at one that it reaches. */
export function baseOf({ request, view }: Pick<Call, 'request' | 'view'>): string {
  const { host } = request.headers
  if (host === undefined || !/^([a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(:\d{1,5})?$/i.test(host)) {
    throw new CairnError('invalid', 'a request without a valid Host header')
  }
  const scheme = 'encrypted' in request.socket ? 'https' : 'http'
  return `${scheme}://${host}/npm/${view.prefix}`
}

export function sendJson(
  { request, response }: Pick<Call, 'request' | 'response'>,
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {}
): void {
  const body = `${JSON.stringify(value)}\n`
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...headers,
    'content-length': Buffer.byteLength(body)
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** A request's whole body, unpacked if it was packed. Throws `file-too-large`, `invalid`. */
export async function bodyOf(
  { request }: Pick<Call, 'request'>,
  mostBytes: number
): Promise<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity'
  const budget = new ByteBudget(mostBytes, 'what was sent')
  const raw = request.iterator({ destroyOnReturn: false })
  if (encoding === 'identity') return await gather(budget.pass(raw))
  if (encoding !== 'gzip')
    throw new CairnError('invalid', `a body in ${encoding.slice(0, 40)}: send it plain`)
  const gunzip = createGunzip()
  try {
    const plain = gather(budget.pass(request.pipe(gunzip)))
    return await plain
  } catch (cause) {
    if (cause instanceof CairnError) throw cause
    throw new CairnError('invalid', 'the body is not gzip', { cause })
  } finally {
    gunzip.destroy()
  }
}

export async function gather(body: Body): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of body) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

/** A body that is JSON. Throws `invalid`. */
export async function jsonOf(call: Pick<Call, 'request'>, mostBytes: number): Promise<unknown> {
  const bytes = await bodyOf(call, mostBytes)
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new CairnError('invalid', 'the body is not JSON', { cause })
  }
}
