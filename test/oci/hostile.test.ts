import { request } from 'node:http'
import fc from 'fast-check'
import t from 'tap'
import {
  digest256,
  manifestOver,
  openRegistryWorld,
  pushBlob,
  pushManifest
} from '../lib/registry-world.ts'

interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

const known = digest256('{}')
const words = ['a', 'b', 'up', 'blobs', 'uploads', 'manifests', 'tags', 'list', 'referrers', 'v1']
const odd = ['', '..', '%2e%2e', '%00', '%ff', 'A', '.wh.x', 'sha256:', 'x'.repeat(300)]
const digests = [known, digest256('none'), `sha512:${'0'.repeat(128)}`, 'sha256:XY']
const queries = ['', '?n=1', '?n=x', '?last=%00', '?digest=', `?digest=${known}`, '?ns=up', '?ns=x']
const mounts = [`?mount=${known}&from=a`, `?mount=x`, '?artifactType=%']
const ranges = ['0-0', '0-999', '5-1', 'x', 'bytes 0-1/2', '99999999999999999999-1']
const types = ['', 'a/b', 'application/vnd.oci.image.index.v1+json; a=b']

const asked: fc.Arbitrary<Asked> = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
  path: fc
    .tuple(
      fc.array(fc.constantFrom(...words, ...odd, ...digests), { maxLength: 6 }),
      fc.constantFrom(...queries, ...mounts)
    )
    .map(([parts, query]) => `/v2/${parts.join('/')}${query}`),
  headers: fc
    .tuple(fc.constantFrom(undefined, ...ranges), fc.constantFrom(undefined, ...types))
    .map(([range, type]) => ({
      ...(range === undefined ? {} : { range, 'content-range': range }),
      ...(type === undefined ? {} : { 'content-type': type })
    })),
  body: fc.constantFrom(undefined, '', '{}', '[]', '{"manifests":[]}', '{"layers":[{}]}')
})

t.test('whatever is asked is answered in the words of the specification', async t => {
  const world = await openRegistryWorld({ upstreams: { up: { url: 'http://127.0.0.1:1/' } } })
  t.teardown(world.remove)
  const config = await pushBlob(world, 'a', '{}')
  await pushManifest(world, 'a/manifests/v1', manifestOver(config, []))
  const ask = ({ method, path, headers, body }: Asked): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const sent = request(
        { port: world.port, host: '127.0.0.1', method, path, headers },
        answer => {
          let text = ''
          answer.setEncoding('utf8').on('data', piece => {
            text += piece
          })
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
        }
      )
      sent.on('error', reject)
      sent.end(['POST', 'PUT', 'PATCH'].includes(method) ? body : undefined)
    })
  const isAnswered = fc.asyncProperty(asked, async each => {
    const { status, text } = await ask(each)
    if (status < 400) return true
    // Only an upstream that is not there is a failure of the server's side.
    const failed = status >= 500 && !(status === 502 && /up/.test(each.path))
    const worded = each.method === 'HEAD' || status === 416 || codeIn(text) !== undefined
    return !failed && worded
  })
  await t.resolves(fc.assert(isAnswered, { numRuns: 1000 }))
  t.equal((await world.ask('/v2/a/manifests/v1')).status, 200, 'and it still serves')
})

function codeIn(text: string): string | undefined {
  const { errors } = JSON.parse(text) as { errors?: Array<{ code?: string }> }
  return errors?.[0]?.code
}
