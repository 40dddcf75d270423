import { existsSync, readFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { makeWorld } from '../cli/run-cairn.ts'
import { ask, askRaw, lockInfo } from './ask.ts'

/** So long another client may wait, and so much more memory the daemon may hold, whatever is sent. */
const waitMs = 3_000
const grownMebibytes = 160

interface Bystander {
  /** What it was answered so far. */
  readonly answers: () => number
  /** Ends it; the longest it waited, in milliseconds. */
  readonly leave: () => Promise<number>
}

/** A client that writes, reads and lists, one after the other, while others do what they do. */
function standBy(port: number): Bystander {
  const state = { leaves: false, answers: 0, longestMs: 0 }
  const work = async () => {
    for (let count = 0; !state.leaves; count += 1) {
      const beganMs = performance.now()
      const path = `/dav/mfs/bystander-${count % 5}`
      const put = await ask(port, 'PUT', path, { body: `${count}` })
      const got = await ask(port, 'GET', path)
      const listed = await ask(port, 'PROPFIND', path, { headers: { depth: '0' } })
      if (put.status > 204 || got.text !== `${count}` || listed.status !== 207) {
        throw new Error(`the bystander was told ${put.status}, ${got.status}, ${listed.status}`)
      }
      state.answers += 3
      state.longestMs = Math.max(state.longestMs, (performance.now() - beganMs) / 3)
      await setTimeout(5)
    }
  }
  const done = work()
  return {
    answers: () => state.answers,
    leave: async () => {
      state.leaves = true
      await done
      return state.longestMs
    }
  }
}

function residentMebibytes(pid: number | undefined): number {
  const path = `/proc/${pid}/status`
  const status = existsSync(path) ? readFileSync(path, 'utf8') : ''
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024
}

/** Runs an attack beside a bystander, and holds the daemon to its bounds. */
async function withstands(t: Test, attack: (port: number) => Promise<void>): Promise<void> {
  const world = await makeWorld(t)
  const { url, child, log } = await world.start()
  const port = Number(new URL(url).port)
  const bystander = standBy(port)
  const before = residentMebibytes(child.pid)
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, residentMebibytes(child.pid))
  }, 20)
  try {
    await attack(port)
    const answered = bystander.answers()
    while (bystander.answers() < answered + 6) await setTimeout(5)
  } finally {
    clearInterval(watch)
  }
  const longestMs = await bystander.leave()
  t.comment(`${Math.round(longestMs)} ms, ${Math.round(most - before)} MiB more`)
  t.ok(longestMs < waitMs, `nobody waited long: ${Math.round(longestMs)} ms`)
  t.ok(most - before < grownMebibytes, `memory is bounded: ${Math.round(most - before)} MiB`)
  t.notMatch(log(), '"level":"error"')
}

/** Connections that have sent this and go on to send nothing, or take nothing. */
async function holdOpen(port: number, count: number, text: string): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'))
  const sent = sockets.map(socket => {
    socket.on('error', () => {}).pause()
    return new Promise(resolve => socket.once('connect', () => socket.write(text, resolve)))
  })
  await Promise.all(sent)
  return sockets
}

function end(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy()
}

const head = (line: string, headers: string) =>
  `${line} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`

t.test('bodies and heads that come slowly, by the hundred', { timeout: 90_000 }, async t => {
  await withstands(t, async port => {
    const xml = 'Content-Type: application/xml\r\nContent-Length: 1000\r\n'
    const sockets = await Promise.all([
      holdOpen(port, 60, `${head('PUT /dav/mfs/slow', 'Content-Length: 1000000\r\n')}x`),
      holdOpen(
        port,
        60,
        `${head('PUT /dav/mfs/chunked', 'Transfer-Encoding: chunked\r\n')}5\r\nab`
      ),
      holdOpen(port, 60, `${head('PROPFIND /dav/mfs/', xml)}<D`),
      holdOpen(port, 60, `${head('LOCK /dav/mfs/a', xml)}<D`),
      holdOpen(port, 60, 'GET /dav/mfs/ HTTP/1.1\r\nX: '),
      holdOpen(port, 60, '')
    ])
    t.equal((await ask(port, 'GET', '/dav/mfs/slow')).status, 404)
    end(sockets.flat())
  })
})

t.test('answers that nobody takes, by the hundred', { timeout: 90_000 }, async t => {
  await withstands(t, async port => {
    const body = Buffer.alloc(16 << 20, 'x')
    await ask(port, 'PUT', '/dav/mfs/large', { body })
    const sockets = await holdOpen(port, 250, head('GET /dav/mfs/large', ''))
    t.equal((await ask(port, 'GET', '/dav/mfs/large')).bytes.byteLength, body.byteLength)
    end(sockets)
  })
})

t.test('locks by the thousand, and their removal', { timeout: 90_000 }, async t => {
  await withstands(t, async port => {
    const agent = new Agent({ keepAlive: true, maxSockets: 8 })
    t.teardown(() => agent.destroy())
    const lock = (index: number) =>
      ask(port, 'LOCK', `/dav/mfs/f${index}`, { body: lockInfo(), agent })
    const statuses = new Set<number>()
    for (let from = 0; from < 1_000; from += 100) {
      const some = await Promise.all(Array.from({ length: 100 }, (_, index) => lock(from + index)))
      for (const { status } of some) statuses.add(status)
    }
    t.strictSame([...statuses], [201])
    const listed = await ask(port, 'PROPFIND', '/dav/mfs/', { headers: { depth: '1' } })
    t.equal(listed.text.match(/<D:activelock>/g)?.length, 1_000)
    t.equal((await ask(port, 'DELETE', '/dav/mfs/f7')).status, 423)
  })
})

t.test('XML of every bad kind, again and again', { timeout: 90_000 }, async t => {
  await withstands(t, async port => {
    const wide = '<x/>'.repeat(100_000)
    const bodies = [
      '<a>'.repeat(100_000),
      `<D:propfind xmlns:D="DAV:"><D:prop>${wide}`,
      `<a>${'&lt;'.repeat(240_000)}</a>`,
      `<a ${Array.from({ length: 20_000 }, (_, index) => `a${index}=""`).join(' ')}/>`,
      `<!DOCTYPE a [${'<!ENTITY b "&a;&a;&a;&a;">'.repeat(10_000)}]><a>&b;</a>`,
      `<D:propfind xmlns:D="DAV:"><D:prop xmlns:x="urn:${'x'.repeat(900_000)}"><x:a/></D:prop></D:propfind>`,
      'x'.repeat(5_000_000)
    ]
    for (const body of bodies) {
      for (const method of ['PROPFIND', 'LOCK', 'REPORT']) {
        const headers = { depth: '0', 'content-type': 'application/xml' }
        const told = await ask(port, method, '/dav/mfs/new', { body, headers }).catch(
          () => undefined
        )
        const status = told?.status ?? 413
        t.ok(status >= 400 && status < 500, `${method} ${body.slice(0, 30)}: ${status}`)
      }
    }
  })
})

t.test('paths, hosts and lengths that lie, as raw bytes', { timeout: 90_000 }, async t => {
  await withstands(t, async port => {
    const lines = [
      ...[
        '%',
        '%0',
        '%zz',
        '%00',
        '%2e%2e',
        '%2E.',
        '..',
        '.',
        '%2f',
        '..%2f..%2fetc',
        '\\..\\%00'
      ],
      ...['%c0%ae%c0%ae%00', '%u002e', '#', 'a%', `${'a/'.repeat(6_000)}`, 'x'.repeat(300)]
    ]
    for (const path of lines) {
      for (const method of ['GET', 'PUT', 'DELETE', 'PROPFIND', 'MKCOL', 'LOCK', 'MOVE']) {
        const more = 'Destination: /dav/mfs/b\r\nContent-Length: 0\r\nDepth: 0\r\n'
        const told = await askRaw(port, head(`${method} /dav/mfs/${path}`, more))
        t.match(told, / 4\d\d /, `${method} ${path.slice(0, 20)}`)
      }
    }
    const destinations = ['http://evil.example/dav/mfs/b', '//evil.example/dav/mfs/b', 'b', 'http:']
    for (const destination of destinations) {
      const told = await askRaw(port, head('COPY /dav/mfs/', `Destination: ${destination}\r\n`))
      t.match(told, / (4\d\d|502) /, destination)
    }
    const lies = ['99999999999999999999', '-1', '1e3', '0x10', '5, 6', '']
    for (const length of lies) {
      const told = await askRaw(port, head('PUT /dav/mfs/lie', `Content-Length: ${length}\r\n`))
      t.match(told, / 4\d\d /, `a length of "${length}"`)
    }
    const short = await holdOpen(
      port,
      50,
      `${head('PUT /dav/mfs/lie', 'Content-Length: 9\r\n')}abc`
    )
    end(short)
    t.equal((await ask(port, 'GET', '/dav/mfs/lie')).status, 404)
    const long = `X: ${'x'.repeat(40_000)}\r\n`
    const many = Array.from({ length: 4_000 }, (_, index) => `X${index}: 1\r\n`).join('')
    for (const flood of [long, many]) {
      t.match(await askRaw(port, head('GET /dav/mfs/', flood)), / 431 /)
    }
  })
})
