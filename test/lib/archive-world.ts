import { Agent, request } from 'node:http'
import { makeKey } from '../../adapters/apt/openpgp/run.ts'
import { type FakeOrigin, openFakeOrigin } from './fake-origin.ts'
import { type MirrorWorld, openMirrorWorld } from './mirror-world.ts'
import { shortPatience } from './pull-world.ts'

interface Teardown {
  teardown: (work: () => unknown) => void
}

/** What the archives of tests are signed with. */
export const archiveKey = await makeKey('The archive')

/** A mirror `a` of an archive at `<origin>/a/` whose keyring is known. */
export async function setUpArchive(
  t: Teardown,
  { keyring = archiveKey.publicKey, patience = {} }: { keyring?: string; patience?: object } = {}
): Promise<{ world: MirrorWorld; origin: FakeOrigin }> {
  const origin = await openFakeOrigin()
  const world = await openMirrorWorld(
    { a: { url: `${origin.url}a/`, keyring: async () => Buffer.from(keyring) } },
    { patience: { ...shortPatience, ...patience } }
  )
  t.teardown(async () => {
    await world.remove()
    await origin.close()
  })
  return { world, origin }
}

/** A client with one connection, as apt's method for a host is. */
export function openConnection(t: Teardown, world: MirrorWorld) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  return (path: string): Promise<{ status: number; text: string; from: string }> =>
    new Promise((resolve, reject) => {
      const asked = request({ port: world.port, path: `/${path}`, agent }, answer => {
        const pieces: Buffer[] = []
        answer.on('data', piece => pieces.push(piece))
        answer.on('error', reject)
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            text: Buffer.concat(pieces).toString(),
            from: String(answer.headers['x-cairn'])
          })
        )
      })
      asked.on('error', reject)
      asked.end()
    })
}
