import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { CairnError } from '../../src/base/errors.ts'
import { bounds } from '../../src/net/bounds.ts'
import { openContentSource } from '../../src/net/content-source.ts'
import { makePeers } from './peer-world.ts'

const empty: AsyncIterableIterator<Uint8Array> = {
  [Symbol.asyncIterator]: () => empty,
  next: async () => ({ done: true, value: undefined })
}

t.test('peers that are announced and not there do not keep out those that are', async t => {
  const { peers } = makePeers(t)
  const closed: string[] = []
  const signal = AbortSignal.timeout(20_000)
  const announce = (id: string, answers: boolean): void =>
    peers.discover({
      id,
      kind: 'libp2p',
      request: async () => {
        if (!answers) throw new CairnError('upstream', `${id} is not there`)
        return { status: 404, header: () => undefined, body: empty }
      },
      close: () => void closed.push(id)
    })
  const askAll = async (): Promise<void> => {
    const asked = peers.askable().map(peer => peers.request(peer, '/', { method: 'HEAD', signal }))
    await Promise.allSettled(asked)
  }
  announce('good', true)
  await askAll()
  for (let index = 1; index < bounds.discovered; index++) announce(`fake ${index}`, false)
  announce('not asked for yet', true)
  t.same(closed, ['not asked for yet'], 'nobody is known to be silent: who came first stays')
  await askAll()
  announce('late', true)
  announce('later', true)
  const ids = peers.list().map(({ id }) => id)
  t.equal(ids.length, bounds.discovered)
  t.ok(['good', 'late', 'later'].every(id => ids.includes(id)))
  t.same(closed.slice(1), ['fake 1', 'fake 2'])
})

t.test('a record is handed to everybody, one after the other', async t => {
  const { peers } = makePeers(t)
  const told = new Set<string>()
  let [together, most] = [0, 0]
  const count = 3 * bounds.askedTogether
  for (let index = 0; index < count; index++) {
    peers.discover({
      id: `peer ${index}`,
      kind: 'libp2p',
      request: async path => {
        most = Math.max(most, ++together)
        await turn()
        together--
        told.add(`${index} ${path}`)
        if (index % 5 === 0) throw new CairnError('upstream', 'it is not there')
        return { status: 204, header: () => undefined, body: empty }
      },
      close: () => {}
    })
  }
  const source = openContentSource(peers)
  await source.tell('k51', Buffer.from('record'), AbortSignal.timeout(20_000))
  t.equal(told.size, count)
  t.ok(most <= bounds.askedTogether, `${most} at a time`)
})
