import type { LayerEntry } from '../../src/pull/adapter.ts'

export type PackedKind = Exclude<LayerEntry['kind'], 'whiteout' | 'opaque'>

/** An entry as a layer's tar, or its index, has it. */
export interface PackedEntry {
  readonly name: string
  /** Undefined of what is left out: sockets. */
  readonly kind: PackedKind | undefined
  /** Bits besides the permissions do not count. */
  readonly mode: number
  readonly mtimeSeconds: number
  readonly uid: number
  readonly gid: number
  readonly target: string | undefined
  readonly device: LayerEntry['device'] | undefined
  readonly xattrs: LayerEntry['xattrs'] | undefined
  /** Of a file. */
  readonly content: LayerEntry['content'] | undefined
}

/**
 * What an entry changes, by its name: https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md#whiteouts
 * Undefined for what is left out.
 */
export function layerEntry(packed: PackedEntry): LayerEntry | undefined {
  const { kind, mode, mtimeSeconds, uid, gid, target, device, xattrs, content } = packed
  const path = packed.name.replace(/^(\.?\/)+/, '').replace(/\/+$/, '')
  const slash = path.lastIndexOf('/') + 1
  const name = path.slice(slash)
  const facts = { path, mode: mode & 0o7777, mtimeSeconds, uid, gid }
  if (name === '.wh..wh..opq') return { ...facts, kind: 'opaque', path: path.slice(0, slash) }
  // Names that a storage driver keeps for itself.
  if (name.startsWith('.wh..wh.')) return undefined
  if (name.startsWith('.wh.')) {
    return { ...facts, kind: 'whiteout', path: path.slice(0, slash) + name.slice(4) }
  }
  if (kind === undefined) return undefined
  return {
    ...facts,
    kind,
    ...(target === undefined ? {} : { target }),
    ...(device === undefined ? {} : { device }),
    ...(xattrs === undefined || xattrs.size === 0 ? {} : { xattrs }),
    ...(kind === 'file' && content !== undefined ? { content } : {})
  }
}
