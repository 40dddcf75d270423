import { readFileSync } from 'node:fs'
import { openMirrorWorld } from '../lib/mirror-world.ts'

/** Follows an archive as clients have it do, a minute in no time: for a test that kills it at any moment. */
const [home = '', url = '', keyring = ''] = process.argv.slice(2)
const world = await openMirrorWorld(
  { a: { url, keyring: async () => readFileSync(keyring) } },
  { home }
)
for (;;) {
  for (const path of ['InRelease', 'main/binary-amd64/Packages']) {
    await (await fetch(`${world.url}/apt/a/dists/stable/${path}`)).arrayBuffer().catch(() => {})
  }
  world.clock.advance(61_000)
  process.stdout.write('.')
}
