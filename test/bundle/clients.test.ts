import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { seededBytes } from '../lib/deterministic.ts'
import { type Host, makeLan, requireLan } from '../lib/lan.ts'
import { ran } from '../lib/oci-clients.ts'
import { requireClient } from '../lib/skip.ts'
import {
  clients,
  config,
  image,
  openUpstream,
  programsOf,
  type UpstreamMachine
} from '../net/lan-programs.ts'
import type { Stock } from '../net/stocked-upstream.ts'

/** A machine that has everything, and one that no cable leads to: a disk goes from one to the other. */
async function installAll(t: Test, host: Host, upstream: UpstreamMachine, stock: Stock) {
  const programs = programsOf(t, host, upstream, stock)
  await programs.learnNames()
  await programs.installDebs()
  await programs.installModules()
  return programs
}

/** An hour later, for what this machine remembers of its upstreams. */
function passAnHour({ home }: Host): void {
  const database = new DatabaseSync(join(home, 'cairn.db'))
  database.exec('UPDATE catalog_items SET validated_ms = validated_ms - 3600000')
  database.exec('UPDATE registry_pointers SET validated_ms = validated_ms - 3600000')
  database.close()
}

/** What is on a disk: bytes of a bundle's folder. */
async function bytesOn(folder: string): Promise<number> {
  const sizes = (await readdir(folder)).map(async file => (await stat(join(folder, file))).size)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

/** The image runs as it was built: umoci unpacks what skopeo copied, and a deletion of a layer counts. */
async function unpacks(t: Test, layout: string): Promise<void> {
  const to = `${layout}-unpacked`
  await ran('umoci', ['unpack', '--image', `${layout}:copy`, to])
  t.equal(await readFile(join(to, 'rootfs/etc/new'), 'utf8'), 'new')
  t.notOk((await readdir(join(to, 'rootfs/etc'))).includes('gone'))
}

t.test(
  'apt-get, npm ci and skopeo install from a bundle on a machine without any network, and from the next one',
  { timeout: 170_000 },
  async t => {
    if (!requireLan(t) || !clients.every(client => requireClient(t, client))) return
    const lan = await makeLan(t)
    const upstream = await openUpstream(t, lan, { debs: 6, modules: 3 })
    const a = await lan.addHost(1, { network: 'off', config })
    const b = await lan.addHost(2, { network: 'off', config })
    await b.cable('down')
    const far = programsOf(t, b, upstream, upstream.stock)
    await t.rejects(far.copyImage(), /skopeo/, 'nothing is there yet')

    const there = await installAll(t, a, upstream, upstream.stock)
    await unpacks(t, await there.copyImage())
    const site = join(lan.folder, 'site')
    await mkdir(site)
    const big = seededBytes(20_000_000, 'big')
    await writeFile(join(site, 'big'), big)
    await writeFile(join(site, 'page'), 'one')
    const publish = async () => {
      const { cid } = JSON.parse(lastLine(await a.cairn('add', site, '--json')))
      return JSON.parse(await a.cairn('publish', cid, '--key', 'site', '--json'))
    }
    await a.cairn('key', 'new', 'site')
    const { name, cid: first } = await publish()
    const disk = (which: string) => join(lan.folder, which)
    const everything = ['bundle', 'export', '/pkg', '/ipns/site', '--split', '8M', '-o']
    await a.cairn(...everything, disk('one'))
    const parts = (await readdir(disk('one'))).filter(file => file.endsWith('.car'))
    t.ok(parts.length >= 3, `${parts.length} parts`)

    await b.cairn('bundle', 'import', disk('one'))
    const here = await installAll(t, b, upstream, upstream.stock)
    await unpacks(t, await here.copyImage())
    const inSite = async (file: string) => String(await b.get(`/ipns/${name}/${file}`))
    t.equal(Buffer.compare(await b.get(`/ipns/${name}/big`), big), 0)
    t.equal(await inSite('page'), 'one')

    const more = await upstream.grow({ debs: 8, modules: 5 })
    await upstream.tag('v2')
    passAnHour(a)
    await installAll(t, a, upstream, more)
    await a.run('skopeo', ['inspect', '--tls-verify=false', `${image}:v2`])
    await writeFile(join(site, 'page'), 'two')
    const { cid: second } = await publish()
    const have = join(lan.folder, 'have.txt')
    await writeFile(have, await b.cairn('bundle', 'have'))
    await a.cairn(...everything, disk('two'), '--have', have)
    t.ok((await bytesOn(disk('two'))) < 1_000_000, 'what is there already is not carried again')
    await a.cairn('bundle', 'export', '/ipns/site', '--since', first, '-o', disk('since'))
    t.ok((await bytesOn(disk('since'))) < 10_000, 'a page, a folder and a record')

    await b.cairn('bundle', 'import', disk('since'))
    t.equal(await inSite('page'), 'two')
    await b.cairn('bundle', 'import', disk('two'))
    const afterwards = await installAll(t, b, upstream, more)
    await afterwards.copyImage()
    await afterwards.copyImage('v2')

    t.match(await b.cairn('bundle', 'import', disk('one')), `/ipns/${name}  older`)
    t.equal(await inSite('page'), 'two', 'an older record takes no place')
    t.match(await b.cairn('follows', '--json'), second)
    await programsOf(t, b, upstream, more).learnNames()
    await b.cairn('fsck')
  }
)

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? ''
}
