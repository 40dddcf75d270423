import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { makeWorld } from '../cli/run-cairn.ts'
import { publicationOf, publish, read, sending } from '../lib/npm-package.ts'

/** The whole program is started some times over. */
t.setTimeout(120_000)

t.test(
  'kill -9 while packages are published: what was answered is there, and nothing by halves',
  async t => {
    const world = await makeWorld(t)
    await mkdir(world.home, { recursive: true })
    await writeFile(join(world.home, 'config.yaml'), 'npm:\n  hosted: ["@ours"]\n')
    const answered = new Set<string>()
    const bytesOf = (version: string): Buffer => Buffer.alloc(300_000, `bytes of ${version} `)
    for (let round = 0; round < 3; round++) {
      const daemon = await world.start()
      const ask = (path: string, init?: RequestInit): Promise<Response> =>
        fetch(`${daemon.url}npm/${path}`, init)
      const enough = Promise.withResolvers<void>()
      const publishing = async (lane: number): Promise<void> => {
        for (let at = 0; ; at++) {
          const version = `${round}.${lane}.${at}`
          const body = publicationOf('@ours/x', version, bytesOf(version))
          const answer = await ask('@ours%2fx', sending('PUT', body)).catch(() => undefined)
          if (answer === undefined) return
          t.equal(answer.status, 201)
          answered.add(version)
          if (at === 4) enough.resolve()
        }
      }
      const lanes = [0, 1, 2].map(publishing)
      await enough.promise
      daemon.child.kill('SIGKILL')
      await Promise.all([daemon.ended, ...lanes])
    }
    const { url } = await world.start()
    const ask = (path: string, init?: RequestInit): Promise<Response> =>
      fetch(`${url}npm/${path}`, init)
    const versions = Object.keys((await read({ ask }, '@ours%2fx')).versions as object)
    t.same(
      [...answered].filter(version => !versions.includes(version)),
      [],
      'nothing that was answered is lost'
    )
    t.ok(answered.size >= 15)
    for (const version of versions) {
      const tarball = await ask(`@ours/x/-/x-${version}.tgz`)
      t.ok(Buffer.from(await tarball.arrayBuffer()).equals(bytesOf(version)), version)
    }
    t.equal((await publish({ ask }, '100.0.0')).status, 201)
  }
)
