import type { Adapter } from '../../src/pull/adapter.ts'
import { classifyNpm } from './classify.ts'
import type { Documents } from './documents.ts'
import { learnNpm } from './learn.ts'
import { unpackTgz } from './unpack-tgz.ts'

/** npm's registry: https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md */
export function makeNpmAdapter(documents: Documents): Adapter {
  return {
    name: 'npm',
    classify: classifyNpm,
    learn: (item, document) => learnNpm(documents, item, document),
    unpack: key => (key.endsWith('.tgz') ? unpackTgz : undefined)
  }
}
