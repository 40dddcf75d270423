import type { Digest } from '../../src/base/digest.ts'
import { CairnError } from '../../src/base/errors.ts'
import { parseDigest } from './reference.ts'

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerSigned: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
  docker1: 'application/vnd.docker.distribution.manifest.v1+json'
} as const

/** What is asked of an upstream, whatever its client takes: a document is held once for all clients. */
export const acceptedManifests = [...Object.values(mediaTypes), '*/*;q=0.1'].join(', ')

export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
  /** Where its bytes are besides; such a blob need not be in the registry. */
  readonly urls?: readonly string[]
  readonly platform?: Platform
}

export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
}

/** What a registry must know of a manifest or an index; its bytes are never changed. */
export interface Manifest {
  readonly mediaType: string
  readonly artifactType: string | undefined
  readonly annotations: Readonly<Record<string, string>> | undefined
  readonly subject: Descriptor | undefined
  readonly config: Descriptor | undefined
  readonly layers: readonly Descriptor[]
  /** Of an index. */
  readonly manifests: readonly Descriptor[]
}

/**
 * Reads a manifest or index of any media type. Throws `invalid` if it is no JSON object, if its
 * `mediaType` is not `sentAs`, or if a descriptor in it is none.
 * https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md
 */
export function readManifest(bytes: Uint8Array, sentAs?: string): Manifest {
  const json = parseObject(bytes)
  const mediaType = mediaTypeOf(json, sentAs)
  if (typeof json.mediaType === 'string' && json.mediaType !== mediaType) {
    throw invalid(`it says it is ${json.mediaType.slice(0, 200)}, and was sent as ${mediaType}`)
  }
  refuseBoth(json)
  const config = optionalDescriptor(json.config, 'config')
  return {
    mediaType,
    artifactType: textOf(json.artifactType) ?? config?.mediaType,
    annotations: annotationsOf(json.annotations),
    subject: optionalDescriptor(json.subject, 'subject'),
    config,
    layers: descriptors(json.layers, 'layers'),
    manifests: descriptors(json.manifests, 'manifests')
  }
}

/** Whether it is, or lists, what a container starts from; other artifacts have no root filesystem. */
export function isImage({ config, manifests }: Manifest): boolean {
  const types = config === undefined ? [] : [config.mediaType]
  return manifests.length > 0 || types.some(type => imageConfigs.has(type))
}

const imageConfigs = new Set([
  'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.container.image.v1+json'
])

/** One that is an image to one client and a list of images to another: CVE-2021-41190. */
function refuseBoth(json: Json): void {
  const parts = ['config', 'layers', 'fsLayers'].filter(part => part in json)
  if ('manifests' in json && parts.length > 0) {
    throw invalid(`it has both manifests and ${parts.join(' and ')}`)
  }
}

type Json = Readonly<Record<string, unknown>>

function parseObject(bytes: Uint8Array): Json {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new CairnError('invalid', 'the manifest is not JSON', { cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('it is not a JSON object')
  }
  return value as Json
}

/** OCI's own documents may leave `mediaType` out, and then say by their parts what they are. */
function mediaTypeOf(json: Json, sentAs: string | undefined): string {
  if (sentAs !== undefined) return sentAs
  if (typeof json.mediaType === 'string') return json.mediaType
  if (json.schemaVersion === 1)
    return 'signatures' in json ? mediaTypes.dockerSigned : mediaTypes.docker1
  return 'manifests' in json ? mediaTypes.index : mediaTypes.manifest
}

function descriptors(value: unknown, part: string): Descriptor[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw invalid(`its ${part} are no list`)
  return value.map(each => descriptorOf(each, part))
}

function optionalDescriptor(value: unknown, part: string): Descriptor | undefined {
  return value === undefined || value === null ? undefined : descriptorOf(value, part)
}

function descriptorOf(value: unknown, part: string): Descriptor {
  const json = (typeof value === 'object' ? (value ?? {}) : {}) as Json
  const { size } = json
  const mediaType = textOf(json.mediaType)
  if (
    mediaType === undefined ||
    typeof size !== 'number' ||
    !Number.isSafeInteger(size) ||
    size < 0
  ) {
    throw invalid(`a descriptor in its ${part} lacks mediaType or size`)
  }
  const artifactType = textOf(json.artifactType)
  const annotations = annotationsOf(json.annotations)
  const platform = platformOf(json.platform)
  return {
    mediaType,
    digest: parseDigest(textOf(json.digest) ?? ''),
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(Array.isArray(json.urls) && json.urls.length > 0 ? { urls: json.urls.map(String) } : {}),
    ...(platform === undefined ? {} : { platform })
  }
}

function platformOf(value: unknown): Platform | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { os, architecture, variant } = value as Json
  if (typeof os !== 'string' || typeof architecture !== 'string') return undefined
  return { os, architecture, ...(typeof variant === 'string' ? { variant } : {}) }
}

function annotationsOf(value: unknown): Record<string, string> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === 'string'))
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function invalid(what: string): CairnError {
  return new CairnError('invalid', `the manifest cannot be taken: ${what}`)
}
