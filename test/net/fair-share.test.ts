import { get, type IncomingMessage } from 'node:http'
import t from 'tap'
import { limits } from '../../src/base/limits.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { hold, makeMachine, servePeers } from './peer-world.ts'

/** Far more than buffers on the way take. */
const long = seededBytes(24_000_000, 'long')

/** An answer of which nothing is read: it is being sent until somebody does. */
function ask(url: string, localAddress: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { localAddress, agent: false }, resolve).on('error', reject)
  })
}

t.test('a peer that takes all it can leaves transfers to the others', async t => {
  const machine = makeMachine(t)
  const digest = await hold(t, machine, 'a.deb', long)
  const { address } = await servePeers(t, machine)
  const url = `http://${address}/cairn/peer/1/digest/${digest}`
  const open: IncomingMessage[] = []
  t.teardown(() => {
    for (const each of open) each.destroy()
  })
  const tries = async (from: string, count: number): Promise<number[]> => {
    const statuses: number[] = []
    for (let index = 0; index < count; index++) {
      const answer = await ask(url, from)
      open.push(answer)
      statuses.push(answer.statusCode ?? 0)
    }
    return statuses
  }
  const half = limits.peerTransfers / 2
  const share = limits.peerTransfersOfOne
  const greedy = await tries('127.0.0.2', limits.peerTransfers + 1)
  const given = (statuses: number[]) => statuses.filter(status => status === 200).length
  t.equal(given(greedy), half, 'who is alone has half, though nobody else asks')
  t.equal(greedy.at(-1), 503)
  t.same(await tries('127.0.0.3', 4), [200, 200, 200, 200], 'an honest one has what it asks for')
  t.equal(given(await tries('127.0.0.4', share + 1)), share, 'another greedy one its part')
  for (const each of open.splice(0)) each.destroy()
  let again = 503
  while (again !== 200) {
    const answer = await ask(url, '127.0.0.2')
    again = answer.statusCode ?? 0
    answer.destroy()
  }
  t.equal(again, 200, 'what was let go is free again')
})
