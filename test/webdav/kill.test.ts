import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { checkMfs } from '../../src/vfs/mfs/check.ts'
import { ask, lockInfo } from './ask.ts'
import { serveDav } from './served.ts'

const rounds = 6
const members = 100

/** Puts, copies and moves as fast as they are answered, until the server is gone. */
async function work(port: number, round: number, progress: { done: number }): Promise<void> {
  const to = (destination: string) => ({ headers: { destination } })
  for (let index = 0; ; index += 1) {
    const letter = String.fromCharCode(97 + (index % 26))
    await ask(port, 'PUT', '/dav/mfs/file', { body: letter.repeat(200_000) })
    await ask(port, 'COPY', '/dav/mfs/tree', to(`/dav/mfs/copy-${round}-${index}`))
    await ask(port, 'MOVE', `/dav/mfs/copy-${round}-${index}`, to(`/dav/mfs/moved-${round}`))
    progress.done += 1
  }
}

async function serving(home: string) {
  const script = fileURLToPath(new URL('./serving-process.ts', import.meta.url))
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, home], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const [line] = await once(child.stdout, 'data')
  return { child, port: Number(String(line)) }
}

t.test('kill -9 during PUT, COPY and MOVE leaves whole files and whole trees', async t => {
  const home = t.testdir()
  const first = await serveDav(t, home)
  await ask(first.port, 'MKCOL', '/dav/mfs/tree')
  for (let index = 0; index < members; index += 1) {
    await ask(first.port, 'PUT', `/dav/mfs/tree/${index}`, { body: 'x' })
  }
  await first.close()
  for (let round = 0; round < rounds; round += 1) {
    const { child, port } = await serving(home)
    const progress = { done: 0 }
    const working = work(port, round, progress).catch(() => 'cut off')
    while (progress.done < 2 + round * 3)
      await new Promise(resolve => setTimeout(resolve, 1 + round))
    child.kill('SIGKILL')
    t.equal(await working, 'cut off')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    const again = await serveDav(t, home)
    t.strictSame(checkMfs(again.database, again.drafts, { resting: true }).problems, [])
    const { text } = await ask(again.port, 'GET', '/dav/mfs/file')
    t.ok(/^(.)\1{199999}$/.test(text), 'the file is one body, whole')
    const listed = await ask(again.port, 'PROPFIND', '/dav/mfs/', { headers: { depth: '1' } })
    const trees = [...listed.text.matchAll(/<D:href>(\/dav\/mfs\/(?:copy|moved|tree)[^<]*)</g)]
    for (const [, tree = ''] of trees) {
      const { text } = await ask(again.port, 'PROPFIND', tree, { headers: { depth: '1' } })
      t.equal(text.match(/<D:response>/g)?.length, members + 1, `${tree} is whole`)
    }
    await again.close()
  }
})

t.test('kill -9 of a server: its locks go on, with their tokens, depths and owners', async t => {
  const home = t.testdir()
  const { child, port } = await serving(home)
  await ask(port, 'MKCOL', '/dav/mfs/tree')
  await ask(port, 'PUT', '/dav/mfs/tree/a', { body: 'x' })
  const lock = async (path: string, scope: 'exclusive' | 'shared', depth: string) => {
    const question = { body: lockInfo(scope), headers: { depth, timeout: 'Second-600' } }
    return String((await ask(port, 'LOCK', path, question)).headers['lock-token'])
  }
  const tree = await lock('/dav/mfs/tree', 'exclusive', 'infinity')
  const shared = [await lock('/dav/mfs/s', 'shared', '0'), await lock('/dav/mfs/s', 'shared', '0')]
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
  const again = await serveDav(t, home)
  const put = async (path: string, token?: string) => {
    const headers = token === undefined ? {} : { if: `(${token})` }
    return (await ask(again.port, 'PUT', path, { body: 'y', headers })).status
  }
  t.strictSame([await put('/dav/mfs/tree/a'), await put('/dav/mfs/tree/a', tree)], [423, 204])
  t.strictSame([await put('/dav/mfs/s'), await put('/dav/mfs/s', shared[1])], [423, 204])
  const shown = await ask(again.port, 'PROPFIND', '/dav/mfs/tree/a', { headers: { depth: '0' } })
  t.match(shown.text, '<D:depth>infinity</D:depth><D:owner>me</D:owner>')
  t.match(shown.text, '<D:lockroot><D:href>/dav/mfs/tree/</D:href></D:lockroot>')
  const release = { headers: { 'lock-token': tree } }
  t.equal((await ask(again.port, 'UNLOCK', '/dav/mfs/tree', release)).status, 204)
  t.equal(await put('/dav/mfs/tree/a'), 204)
})
