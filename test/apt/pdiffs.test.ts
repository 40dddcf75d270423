import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { openAptClient } from '../lib/apt-client.ts'
import { archiveKey, setUpArchive } from '../lib/archive-world.ts'
import { publishVersion } from '../lib/fake-archive.ts'
import { sha256Hex } from '../lib/fake-origin.ts'
import { requireClient } from '../lib/skip.ts'

const folder = 'main/binary-amd64'
const many = Object.fromEntries(
  Array.from({ length: 200 }, (_, index) => [`package-${index}`, Buffer.from(`${index}`)])
)

/** For ed, from the last line to the first: https://wiki.debian.org/DebianRepository/Format#indices_diffs */
function patchOf(before: Buffer, after: Buffer): Buffer {
  const [old, now] = [before, after].map(text => text.toString().split('\n'))
  const changed = now!.flatMap((text, at) =>
    text === old![at] ? [] : [`${at + 1}c\n${text}\n.\n`]
  )
  return Buffer.from(changed.reverse().join(''))
}

function line(bytes: Buffer, name = ''): string {
  return ` ${sha256Hex(bytes)} ${bytes.length}${name === '' ? '' : ` ${name}`}\n`
}

t.test('apt-get takes a new index as the patches that its archive offers', async t => {
  if (!requireClient(t, 'apt-get')) return
  const { world, origin } = await setUpArchive(t)
  const client = openAptClient({ sources: [] })
  t.teardown(() => client.remove())
  const keyring = join(client.root, 'key.asc')
  writeFileSync(keyring, archiveKey.publicKey)
  const source = `deb [signed-by=${keyring}] ${world.url}/apt/a stable main\n`
  writeFileSync(join(client.root, 'etc/sources/test.list'), source)
  const update = async () => {
    world.clock.advance(3_600_000)
    const { exitCode, all } = await client.run('update', '--error-on=any')
    t.equal(exitCode, 0) || t.comment(all)
    return String(all)
  }
  const indexOf = async (version: number, more = {}) => {
    await publishVersion(origin, 'a/', { version, key: archiveKey, debs: many, more })
    return origin.items.get(`a/dists/stable/${folder}/Packages`)!.body
  }
  const before = await indexOf(1)
  await update()
  const after = await indexOf(2)
  const patch = patchOf(before, after)
  const packed = gzipSync(patch)
  const index = `SHA256-Current:${line(after)}SHA256-History:\n${line(before, 'T-2-F-1')}SHA256-Patches:\n${line(patch, 'T-2-F-1')}SHA256-Download:\n${line(packed, 'T-2-F-1.gz')}`
  await indexOf(2, { [`${folder}/Packages.diff/Index`]: Buffer.from(index) })
  origin.items.set(`a/dists/stable/${folder}/Packages.diff/T-2-F-1.gz`, { body: packed })
  t.match(await update(), new RegExp(`Packages.* \\[${packed.length} B\\]`), 'by the patch')
  const lists = join(client.root, 'state/lists')
  const name = readdirSync(lists).find(each => each.endsWith('_Packages')) ?? ''
  t.ok(readFileSync(join(lists, name)).equals(after))
})
