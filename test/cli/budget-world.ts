import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Status } from '../../src/control/api.ts'
import { type FakeOrigin, openFakeOrigin } from '../lib/fake-origin.ts'
import { makeWorld, type StartedDaemon, type World } from './run-cairn.ts'

export const MiB = 1024 * 1024

export interface Shop {
  readonly world: World
  readonly origin: FakeOrigin
  readonly bodies: ReadonlyMap<string, Buffer>
  start: () => Promise<StartedDaemon>
  get: (daemon: StartedDaemon, name: string) => Promise<Buffer>
}

/** Packages of a megabyte each, and a home whose cache may hold so many megabytes. */
export async function openShop(t: Test, packages: number, budget: string): Promise<Shop> {
  const world = await makeWorld(t)
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  await mkdir(world.home)
  const config = `cache:\n  budget: ${budget}\napt:\n  upstreams:\n    debian: ${origin.url}debian/\n`
  await writeFile(join(world.home, 'config.yaml'), config)
  const bodies = new Map(
    Array.from({ length: packages }, (_, at) => [`p_${at}_all.deb`, randomBytes(MiB + at)] as const)
  )
  for (const [name, body] of bodies) origin.items.set(`debian/pool/${name}`, { body })
  return {
    world,
    origin,
    bodies,
    start: () => world.start(['--mount', 'none']),
    get: async (daemon, name) => {
      const answer = await fetch(`${daemon.url}apt/debian/pool/${name}`)
      t.equal(answer.status, 200, name)
      return Buffer.from(await answer.arrayBuffer())
    }
  }
}

export async function status({ url }: StartedDaemon): Promise<Status> {
  return (await (await fetch(`${url}api/v1/status`)).json()) as Status
}
