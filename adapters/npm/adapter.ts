import type { Adapter } from '../../src/pull/adapter.ts'
import { classifyNpm, passNpm } from './classify.ts'
import { learnNpm } from './learn.ts'
import { unpackTgz } from './unpack-tgz.ts'

/** npm's registry: https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md */
export const npmAdapter: Adapter = {
  name: 'npm',
  classify: classifyNpm,
  learn: learnNpm,
  unpack: key => (key.endsWith('.tgz') ? unpackTgz : undefined),
  passes: passNpm,
  readOnly:
    'this registry only mirrors another: publish, tag, deprecate and log in there, with --registry'
}
