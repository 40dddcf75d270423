// Stock helia over HTTP gateways, copied to where it is installed. `fetch-by-helia.mjs GATEWAY WAY WHAT…`, where the way
// is `unixfs` (a CID) or `verified` (a URL for @helia/verified-fetch): prints length and SHA-256 of each, a JSON line.
import { createHash } from 'node:crypto'
import { withHTTP } from '@helia/http'
import { unixfs } from '@helia/unixfs'
import { createVerifiedFetch } from '@helia/verified-fetch'
import { createHeliaLight } from 'helia'
import { CID } from 'multiformats/cid'

const [gateway, way, ...wanted] = process.argv.slice(2)
const helia = withHTTP(createHeliaLight(), {
  // It answers that it knows no providers; with none to ask helia waits for ever.
  delegatedRouters: [gateway],
  recursiveGateways: [gateway],
  allowInsecure: true,
  allowLocal: true
})
await helia.start()
const options = { signal: AbortSignal.timeout(30_000) }
for (const what of wanted) {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const piece of await open(what)) {
    hash.update(piece)
    bytes += piece.length
  }
  console.log(JSON.stringify({ what, bytes, sha256: hash.digest('hex') }))
}
await helia.stop()
process.exit(0)

async function open(what) {
  if (way === 'unixfs') return unixfs(helia).cat(CID.parse(what), options)
  const verifiedFetch = await createVerifiedFetch(helia)
  const answer = await verifiedFetch(what, { ...options, allowInsecure: true, allowLocal: true })
  if (!answer.ok) throw new Error(`${what} was answered ${answer.status}`)
  return answer.body
}
