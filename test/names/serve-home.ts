import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CID } from 'multiformats/cid'
import type { Test } from 'tap'
import { openContent } from '../../src/daemon/content.ts'
import { openNamesOf } from '../../src/daemon/open-names.ts'

/** What a trustless gateway over a home answers: the record of a name, or a block. */
export function answerFrom(home: string, tree: string, id: string): Uint8Array | undefined {
  const content = openContent(home)
  try {
    if (tree === 'ipns') return openNamesOf(content).record(id)?.bytes
    const { bytes } = CID.parse(id).multihash
    return content.store.has(bytes) ? content.store.read(bytes) : undefined
  } finally {
    content.close()
  }
}

/** A trustless gateway over the command line of a home: what it takes to be followed. */
export async function serveHome(t: Test, world: { readonly home: string }) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const [, tree = '', id = ''] = new URL(request.url ?? '', 'http://x').pathname.split('/')
    const bytes = answerFrom(world.home, tree, id)
    if (bytes === undefined) response.writeHead(404).end()
    else response.end(bytes)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => void server.close().closeAllConnections()
  t.teardown(close)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked, close }
}
