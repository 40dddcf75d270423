import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CairnError } from '../../base/errors.ts'

const marker = '# Written by `cairn setup oci`; `cairn setup oci --undo` removes it.'

/** The one file of each client that is written, and what shows that the client is there. */
const clients = {
  podman: { file: 'etc/containers/registries.conf.d/95-cairn.conf', sign: 'etc/containers' },
  containerd: { file: 'etc/containerd/certs.d/_default/hosts.toml', sign: 'etc/containerd' },
  docker: { file: 'etc/docker/daemon.json', sign: 'etc/docker' }
} as const

export type OciClient = keyof typeof clients

export const ociClients = Object.keys(clients) as readonly OciClient[]

/** Of the system at `root`. */
export function fileOf(client: OciClient, root: string): string {
  return join(root, clients[client].file)
}

export function isThere(client: OciClient, root: string): boolean {
  return existsSync(join(root, clients[client].sign))
}

/** Whether a file is one of these, to be written again or removed. */
export function isOurs(text: string): boolean {
  return text.startsWith(marker)
}

/**
 * podman, skopeo and buildah ask Cairn first, and the registry itself when Cairn does not answer. Of each upstream
 * its URL, by name.
 * https://manpages.debian.org/bookworm/golang-github-containers-image/containers-registries.conf.5
 */
export function registriesConf(
  address: string,
  upstreams: Readonly<Record<string, string>>
): string {
  const mirrored = Object.entries(upstreams).map(
    ([name, url]) => `
[[registry]]
location = ${quoted(locationOf(name, url))}
[[registry.mirror]]
location = ${quoted(`${address}/${name}`)}
insecure = true
`
  )
  return `${marker}
[[registry]]
location = ${quoted(address)}
insecure = true
${mirrored.join('')}`
}

/** How images' names begin: an upstream is called as they are, or any other way. */
function locationOf(name: string, url: string): string {
  return name.includes('.') ? name : new URL(url).host
}

/**
 * containerd asks Cairn first for images of all registries, says which it means by `ns=`, and asks
 * the registry itself when Cairn does not mirror it. https://github.com/containerd/containerd/blob/main/docs/hosts.md
 */
export function hostsToml(address: string): string {
  return `${marker}
[host.${quoted(`http://${address}`)}]
  capabilities = ["pull", "resolve"]
`
}

function quoted(text: string): string {
  return JSON.stringify(text)
}

/**
 * docker's settings with Cairn as the first mirror; all else in the text stays as it is. Throws
 * `invalid` for a text that is no JSON object. https://docs.docker.com/docker-hub/image-library/mirror/
 */
export function withMirror(text: string, mirror: string): string {
  const plain = withoutMirror(text, mirror)
  const settings = parseSettings(plain)
  const entry = quoted(mirror)
  const existing = /"registry-mirrors"\s*:\s*\[/.exec(plain)
  if (existing !== null) {
    const at = existing.index + existing[0].length
    const comma = (settings['registry-mirrors'] as unknown[]).length > 0 ? ', ' : ''
    return plain.slice(0, at) + entry + comma + plain.slice(at)
  }
  if (plain.trim() === '') return `{\n${ownKey(mirror)}\n}\n`
  const open = plain.indexOf('{') + 1
  const comma = Object.keys(settings).length > 0 ? ',' : ''
  return `${plain.slice(0, open)}\n${ownKey(mirror)}${comma}${plain.slice(open)}`
}

/** The text as it was before `withMirror`; one that it never changed stays as it is. */
export function withoutMirror(text: string, mirror: string): string {
  if (text === `{\n${ownKey(mirror)}\n}\n`) return ''
  const entry = quoted(mirror)
  return text
    .replace(`\n${ownKey(mirror)},`, '')
    .replace(`\n${ownKey(mirror)}`, '')
    .replace(`[${entry}, `, '[')
    .replace(`[${entry}`, '[')
}

function ownKey(mirror: string): string {
  return `  "registry-mirrors": [${quoted(mirror)}]`
}

function parseSettings(text: string): Record<string, unknown> {
  if (text.trim() === '') return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new CairnError('invalid', 'the settings of docker are not JSON: mend them first', {
      cause
    })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw new CairnError('invalid', 'the settings of docker are no JSON object: mend them first')
}
