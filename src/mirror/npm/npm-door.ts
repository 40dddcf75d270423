import type { IncomingMessage } from 'node:http'
import { type NpmTarget, type NpmView, parseNpmPath } from '../../../adapters/npm/target.ts'
import { CairnError, toCairnError } from '../../base/errors.ts'
import type { HttpDoor, Need } from '../../base/http.ts'
import {
  beginLogin,
  deleteToken,
  grantLogin,
  logIn,
  sendLoginPage,
  sendLoginResult,
  sendPackagesOf,
  sendProfile,
  sendWhoAmI,
  serveTokens
} from './account.ts'
import { baseOf, type Call, type NpmDoorOptions, sendJson } from './call.ts'
import { LoginSessions } from './login-sessions.ts'
import {
  answerAccess,
  deletePackage,
  deleteTag,
  deleteTarball,
  putPackage,
  putTag,
  replacePackage
} from './publish.ts'
import { sendAdvisories, sendAudit, sendSearch } from './questions.ts'
import { sendAttestations, sendKeys, sendPackument, sendTarball } from './read-package.ts'
import { sendRefusal } from './refusal.ts'

const prefix = '/npm/'

/**
 * `/npm/`: a registry to publish to, and a mirror of any number of others.
 * https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md
 */
export function openNpmDoor(options: NpmDoorOptions): HttpDoor {
  const sessions = new LoginSessions(options.clock)
  const asked = new WeakMap<IncomingMessage, Asked>()
  const askedBy = (request: IncomingMessage): Asked => {
    const known = asked.get(request)
    if (known !== undefined) return known
    const parsed = parse(request)
    asked.set(request, parsed)
    return parsed
  }
  return {
    name: 'npm',
    accepts: ({ url = '' }) => url.startsWith(prefix),
    needs: request => needOf(request, askedBy),
    serve: async (request, response, signal, access) => {
      try {
        const { view, target, query } = askedBy(request)
        const registries = options.registries()
        const call = {
          options,
          sessions,
          registries,
          request,
          response,
          signal,
          access,
          view,
          query
        }
        await serve(call, target)
      } catch (cause) {
        const error = toCairnError(cause)
        if (response.headersSent || error.code === 'aborted') throw error
        sendRefusal(request, response, error)
      }
    }
  }
}

/** What a request asks for. */
interface Asked {
  readonly view: NpmView
  readonly target: NpmTarget | undefined
  readonly query: string
}

/** Throws `invalid`. */
function parse({ url = '' }: IncomingMessage): Asked {
  const [path = '', query = ''] = url.slice(prefix.length).split(/[?#]/, 2)
  const { view, target } = parseNpmPath(decode(path))
  return { view, target, query }
}

/** Reading is all that questions need, also those that are put by POST; a login needs nothing yet. */
function needOf(request: IncomingMessage, askedBy: (request: IncomingMessage) => Asked): Need {
  const { method = 'GET' } = request
  const target = targetOf(request, askedBy)
  if (target?.kind === 'login' || target?.kind === 'login-done' || target?.kind === 'user')
    return 'nothing'
  const asks = target !== undefined && reading.has(target.kind)
  return method === 'GET' || method === 'HEAD' || asks ? 'read' : 'publish'
}

const reading: ReadonlySet<NpmTarget['kind']> = new Set([
  'advisories',
  'audit',
  'tokens',
  'token',
  'login-page'
])

function targetOf(
  request: IncomingMessage,
  askedBy: (request: IncomingMessage) => Asked
): NpmTarget | undefined {
  try {
    return askedBy(request).target
  } catch {
    return undefined
  }
}

type Serve = (call: Call) => Promise<void> | void
type Methods = Readonly<Partial<Record<string, Serve>>>

async function serve(call: Call, target: NpmTarget | undefined): Promise<void> {
  if (target === undefined) throw new CairnError('not-found', 'no registry has such a path')
  const methods = methodsOf(target)
  const { method = 'GET' } = call.request
  const work = methods[method === 'HEAD' ? 'GET' : method]
  if (work === undefined) return refuseMethod(call, method, Object.keys(methods))
  await work(call)
}

function refuseMethod(
  { request, response }: Call,
  method: string,
  allowed: readonly string[]
): void {
  response.setHeader('allow', allowed.join(', '))
  const message = `${method} is not for this path`
  sendRefusal(request, response, { code: 'unsupported', message }, 405)
}

function methodsOf(target: NpmTarget): Methods {
  switch (target.kind) {
    case 'packument':
      return {
        GET: call => sendPackument(call, target.name),
        PUT: call => putPackage(call, target.name)
      }
    case 'version':
      return { GET: call => sendPackument(call, target.name, { version: target.version }) }
    case 'tags':
      return { GET: call => sendPackument(call, target.name, 'tags') }
    case 'tag':
      return methodsOfTag(target.name, target.tag)
    case 'tarball':
      return {
        GET: call => sendTarball(call, target),
        DELETE: call => deleteTarball(call, target.name, target.file)
      }
    case 'revision':
      return {
        PUT: call => replacePackage(call, target.name, target.revision),
        DELETE: call => deletePackage(call, target.name, target.revision)
      }
    case 'attestations':
      return { GET: call => sendAttestations(call, target) }
    case 'access':
    case 'visibility':
    case 'collaborators':
      return methodsOfAccess(target.name, target.kind)
    default:
      return methodsOfRegistry(target)
  }
}

function methodsOfTag(name: string, tag: string): Methods {
  const put: Serve = call => putTag(call, name, tag)
  return { PUT: put, POST: put, DELETE: call => deleteTag(call, name, tag) }
}

function methodsOfAccess(name: string, kind: 'access' | 'visibility' | 'collaborators'): Methods {
  const answer: Serve = call => answerAccess(call, name, kind)
  return kind === 'access' ? { GET: answer, POST: answer } : { GET: answer }
}

type RegistryTarget =
  | Exclude<NpmTarget, { name: string }>
  | Extract<NpmTarget, { kind: 'user' | 'packages-of' }>

function methodsOfRegistry(target: RegistryTarget): Methods {
  switch (target.kind) {
    case 'ping':
      return { GET: call => sendJson(call, {}) }
    case 'whoami':
      return { GET: sendWhoAmI }
    case 'profile':
      return { GET: sendProfile }
    case 'search':
      return { GET: sendSearch }
    case 'keys':
      return { GET: sendKeys }
    case 'advisories':
      return { POST: sendAdvisories }
    case 'audit':
      return { POST: sendAudit }
    case 'tokens':
      return { GET: serveTokens, POST: serveTokens }
    case 'token':
      return { DELETE: call => deleteToken(call, target.id) }
    case 'user':
      return { PUT: call => logIn(call, target.name) }
    case 'packages-of':
      return { GET: call => sendPackagesOf(call, target.owner, target.name) }
    case 'login':
      return { POST: call => beginLogin(call, baseOf(call)) }
    case 'login-page':
      return {
        GET: call => sendLoginPage(call, target.session),
        POST: call => grantLogin(call, target.session)
      }
    case 'login-done':
      return { GET: call => sendLoginResult(call, target.session) }
  }
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch (cause) {
    throw new CairnError('invalid', 'the path is not percent-encoded UTF-8', { cause })
  }
}
