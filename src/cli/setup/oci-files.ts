import { CairnError } from '../../base/errors.ts'

const marker = '# Written by `cairn setup oci`; `cairn setup oci --undo` removes it.'

/** A registry as images' names begin with it, and the name of its upstream here. */
export interface MirroredRegistry {
  readonly location: string
  readonly upstream: string
}

/** Whether a file is one of these, to be written again or removed. */
export function isOurs(text: string): boolean {
  return text.startsWith(marker)
}

/**
 * podman, skopeo and buildah ask Cairn first, and the registry itself when Cairn does not answer.
 * https://manpages.debian.org/bookworm/golang-github-containers-image/containers-registries.conf.5
 */
export function registriesConf(address: string, registries: readonly MirroredRegistry[]): string {
  const mirrored = registries.map(
    ({ location, upstream }) => `
[[registry]]
location = ${quoted(location)}
[[registry.mirror]]
location = ${quoted(`${address}/${upstream}`)}
insecure = true
`
  )
  return `${marker}
[[registry]]
location = ${quoted(address)}
insecure = true
${mirrored.join('')}`
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
