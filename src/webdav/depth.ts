import type { Exchange } from './api.ts'
import { refuse } from './refuse.ts'

export type Depth = '0' | '1' | 'infinity'

/** The Depth header; `infinity` if there is none. Throws a refusal with status 400. */
export function depthOf({ request }: Exchange): Depth {
  const depth = String(request.headers.depth ?? 'infinity').toLowerCase()
  if (depth === '0' || depth === '1' || depth === 'infinity') return depth
  throw refuse(400, 'Depth is 0, 1 or infinity')
}
