import { complete } from '../base/complete.ts'
import type { Exchange } from './api.ts'

/**
 * Makes a change in one transaction, as `complete` runs a step, and resolves when the mount shows it:
 * who was answered finds it there.
 */
export async function commit<T>({ dav, signal }: Exchange, step: () => T): Promise<T> {
  const { result, told } = await complete(dav, signal, () => ({
    result: dav.database.write(step),
    told: dav.trees.mfs.told()
  }))
  await told
  return result
}
