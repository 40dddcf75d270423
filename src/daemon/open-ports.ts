import { limits } from '../base/limits.ts'
import { type HttpServerOptions, openHttpServer } from './http-server.ts'
import type { ListenAddress } from './listen-address.ts'
import { type OpenSharedOptions, openShared, type SharedServer } from './open-shared.ts'

/** Where the doors are, for this machine and for others. */
export interface Ports {
  /** With port 0, the port it got. */
  readonly address: ListenAddress
  readonly shared: Pick<SharedServer, 'address' | 'fingerprint'> | undefined
  /** Answers so far, by door and status: `mirror 200`. */
  answers: () => ReadonlyMap<string, number>
  /** Lets answers under way end, for as long as they are given. */
  close: (hurry: AbortSignal) => Promise<void>
}

/** Opens the port of this machine, and the one for others if it is wanted. */
export async function openPorts(
  { settings, content }: OpenSharedOptions,
  options: Pick<HttpServerOptions, 'doors' | 'log'>
): Promise<Ports> {
  const own = await openHttpServer(settings.listen, options)
  const close = async (hurry: AbortSignal, shared: SharedServer | undefined) => {
    const signal = AbortSignal.any([hurry, AbortSignal.timeout(limits.drainMs)])
    await Promise.all([own.close(signal), shared?.close(signal)])
  }
  try {
    const shared = await openShared({ settings, content }, options)
    return {
      address: own.address,
      shared,
      answers: () => sumOf([own.answers, shared?.answers ?? new Map()]),
      close: hurry => close(hurry, shared)
    }
  } catch (cause) {
    await close(AbortSignal.abort(), undefined)
    throw cause
  }
}

function sumOf(counts: ReadonlyArray<ReadonlyMap<string, number>>): Map<string, number> {
  const sum = new Map<string, number>()
  for (const [label, count] of counts.flatMap(each => [...each])) {
    sum.set(label, (sum.get(label) ?? 0) + count)
  }
  return sum
}
