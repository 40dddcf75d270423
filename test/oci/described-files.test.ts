import { lstat, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { makeWorld } from '../cli/run-cairn.ts'
import { ociFolder, ran } from '../lib/oci-clients.ts'
import { layerOf } from '../lib/oci-layer.ts'
import { manifestOver, pushBlob, pushManifest } from '../lib/registry-world.ts'
import { requireClient, requireFuse, requireRoot } from '../lib/skip.ts'

/** cap_net_raw, effective and permitted. */
const capability = Buffer.from(`01000002002000${'00'.repeat(13)}`, 'hex').toString('latin1')

t.test(
  'the mount shows an image’s devices, owners and attributes as a root filesystem has them',
  async t => {
    if (!requireRoot(t) || !requireFuse(t)) return
    for (const client of ['getcap', 'getfattr']) if (!requireClient(t, client)) return
    const mount = ociFolder(t)
    const world = await makeWorld(t)
    const { url } = await world.start(['--mount', mount])
    const ask = (path: string, init?: RequestInit) => fetch(new URL(path, url), init)
    const pax = {
      'SCHILY.xattr.security.capability': capability,
      'SCHILY.xattr.user.note': 'hello',
      'SCHILY.xattr.trusted.overlay.opaque': 'y'
    }
    const layer = await layerOf([
      ['dev/'],
      ['dev/null', '', { type: 'character-device', devmajor: 1, devminor: 3, mode: 0o666 }],
      ['dev/sda', '', { type: 'block-device', devmajor: 8, devminor: 0, gid: 6, mode: 0o660 }],
      ['pipe', '', { type: 'fifo', gid: 5 }],
      ['ping', 'program', { mode: 0o755, pax }],
      ['home/me/', '', { uid: 1000, gid: 1000, mode: 0o700 }],
      ['home/me/copy', 'program', { uid: 1000, gid: 1000, mode: 0o755 }]
    ])
    const config = await pushBlob({ ask }, 'own/app', '{}')
    const manifest = manifestOver(config, [await pushBlob({ ask }, 'own/app', layer)])
    t.equal((await pushManifest({ ask }, 'own/app/manifests/v1', manifest)).status, 201)
    const rootfs = join(mount, 'pkg/oci/own/app/v1/rootfs')
    t.strictSame((await readdir(rootfs)).sort(), ['dev', 'home', 'ping', 'pipe'])
    const stat = (path: string) => lstat(join(rootfs, path))
    t.match(await stat('dev/null'), { mode: 0o020666, rdev: 0x103, uid: 0 })
    t.match(await stat('dev/sda'), { mode: 0o060660, rdev: 0x800, gid: 6 })
    t.match(await stat('pipe'), { mode: 0o010644, gid: 5 })
    t.match(await stat('home'), { uid: 0, gid: 0 })
    t.match(await stat('home/me'), { mode: 0o040700, uid: 1000, gid: 1000 })
    t.match(await stat('home/me/copy'), { mode: 0o100755, uid: 1000 })
    t.match(await stat('ping'), { mode: 0o100755, uid: 0 }, 'the same bytes, root’s')
    t.equal(await readFile(join(rootfs, 'home/me/copy'), 'utf8'), 'program')
    t.match(await ran('getcap', [join(rootfs, 'ping')]), /cap_net_raw.*ep$/)
    t.equal(await ran('getcap', [join(rootfs, 'home/me/copy')]), '')
    const all = ['--absolute-names', '-d', '-m', '.', join(rootfs, 'ping')]
    const shown = await ran('getfattr', all)
    t.match(shown, 'user.note="hello"')
    t.notMatch(shown, 'trusted')
    await t.rejects(open(join(rootfs, 'dev/null')), { code: 'EACCES' }, 'the mount is nodev')
  }
)
