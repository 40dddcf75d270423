import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { Test } from 'tap'
import { pack } from 'tar-stream'
import { type NpmOptions, type NpmWorld, openNpmWorld } from './npm-world.ts'

export const shortType = 'application/vnd.npm.install-v1+json'

/** A tarball of these files, as npm packs them. */
export async function makeTarball(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const archive = pack()
  for (const [name, text] of Object.entries(files)) archive.entry({ name: `package/${name}` }, text)
  archive.finalize()
  const pieces: Buffer[] = []
  for await (const piece of archive) pieces.push(piece as Buffer)
  return gzipSync(Buffer.concat(pieces))
}

export function integrityOf(bytes: Uint8Array): string {
  return `sha512-${createHash('sha512').update(bytes).digest('base64')}`
}

/** What `npm publish` sends. */
export function publicationOf(
  name: string,
  version: string,
  tarball: Buffer,
  {
    tag = 'latest',
    manifest = {},
    dist = {}
  }: { tag?: string; manifest?: object; dist?: object } = {}
): Record<string, unknown> {
  const file = `${name}-${version}.tgz`
  const shasum = createHash('sha1').update(tarball).digest('hex')
  const full = {
    integrity: integrityOf(tarball),
    shasum,
    tarball: `http://elsewhere.test/${file}`,
    ...dist
  }
  return {
    _id: name,
    name,
    'dist-tags': { [tag]: version },
    versions: { [version]: { name, version, ...manifest, dist: full } },
    access: null,
    _attachments: {
      [file]: {
        content_type: 'application/octet-stream',
        data: tarball.toString('base64'),
        length: tarball.length
      }
    }
  }
}

/** A request that sends JSON. */
export function sending(
  method: string,
  value: unknown,
  headers: Record<string, string> = {}
): RequestInit {
  const body = JSON.stringify(value)
  return { method, body, headers: { 'content-type': 'application/json', ...headers } }
}

/** A world that goes with the test. */
export async function setUpNpm(
  t: Test,
  options: NpmOptions = { hosted: ['@ours', 'tool'] }
): Promise<NpmWorld> {
  const world = await openNpmWorld(options)
  t.teardown(() => world.remove())
  return world
}

/** Publishes a version as `npm publish` does. */
export async function publish(
  { ask }: Pick<NpmWorld, 'ask'>,
  version: string,
  {
    name = '@ours/x',
    tarball = Buffer.from(`bytes of ${version}`),
    ...more
  }: { name?: string; tarball?: Buffer } & Parameters<typeof publicationOf>[3] = {}
): Promise<Response> {
  return await ask(
    name.replace('/', '%2f'),
    sending('PUT', publicationOf(name, version, tarball, more))
  )
}

/** What is answered at a path; throws if it is not found. */
export async function read(
  world: Pick<NpmWorld, 'ask'>,
  path: string,
  accept = 'application/json'
): Promise<Record<string, unknown>> {
  const answer = await world.ask(path, { headers: { accept } })
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Record<string, unknown>
}
