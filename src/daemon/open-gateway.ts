import type { CID } from 'multiformats/cid'
import { systemClock } from '../base/clock.ts'
import type { HttpDoor } from '../base/http.ts'
import type { GatewayNames, GatewayOptions, Shared } from '../gateway/api.ts'
import { openGatewayDoor } from '../gateway/gateway-door.ts'
import { openSharedBlocks, type SharedRoot } from '../gateway/shared-blocks.ts'
import type { Names } from '../names/api.ts'
import { readIpnsName } from '../names/ipns-name.ts'
import type { Content } from './content.ts'
import { visitedName } from './view-names.ts'

export interface OpenGatewayOptions
  extends Pick<GatewayOptions, 'serves' | 'satisfy'>,
    Partial<Pick<GatewayOptions, 'pace'>> {
  readonly content: Pick<Content, 'store'>
  readonly names: Names
  readonly shared: Shared
  /** Names that nobody follows are asked of others. */
  readonly visits?: boolean
}

/** The gateway over a home's content and names. */
export function openGateway(options: OpenGatewayOptions): HttpDoor {
  const { content, names, serves, satisfy, pace = async () => {}, shared } = options
  return openGatewayDoor({
    blocks: content.store,
    names: gatewayNames(names, serves, options.visits === true),
    shared,
    serves,
    satisfy,
    pace
  })
}

/** What others than the users of this machine may have. `followed`: what is followed here too, not only what is published. */
export function openShared(
  { store }: Pick<Content, 'store'>,
  names: Names,
  followed: boolean
): Shared {
  return openSharedBlocks({
    blocks: store,
    roots: () => sharedRoots(names, followed),
    clock: systemClock
  })
}

/**
 * What is published. What is followed only if that is wanted: who publishes it decides what it links,
 * and could link what is private here.
 */
function sharedRoots(names: Names, followed: boolean): SharedRoot[] {
  const roots = names.publications().map(({ name, cid }) => ({ label: `own ${name}`, cid }))
  const others = names.follows().map(({ target, cid }) => ({ label: `followed ${target}`, cid }))
  return [...roots, ...(followed ? others : [])].flatMap(({ label, cid }) =>
    cid === undefined ? [] : [{ label, cid }]
  )
}

/** Strangers ask by name: what things are called here is not theirs to try. */
function gatewayNames(
  names: Names,
  serves: GatewayOptions['serves'],
  visits: boolean
): GatewayNames {
  const find = (text: string) => {
    const shown = names.find(text)
    const name = readIpnsName(text)
    return serves === 'everything' || (name !== undefined && shown?.name === name)
      ? shown
      : undefined
  }
  return {
    resolve: text => {
      const shown = find(text)
      if (shown === undefined) return visits ? visitedName(names, text) : undefined
      return shown.place.kind === 'cid' ? shown.place.cid : publishedAt(names, shown.name)
    },
    record: text => {
      const name = find(text)?.name ?? readIpnsName(text)
      const held = name === undefined ? undefined : names.record(name)
      if (held === undefined) return undefined
      const leftMs = held.endMs - systemClock.nowMs()
      return { bytes: held.bytes, ttlMs: Math.max(0, Math.min(held.ttlMs, leftMs)) }
    }
  }
}

function publishedAt(names: Names, name: string): CID | undefined {
  return names.publications().find(each => each.name === name)?.cid
}
