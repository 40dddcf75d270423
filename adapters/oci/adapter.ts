import type { Adapter } from '../../src/pull/adapter.ts'
import { classifyOci } from './classify.ts'

/** Container registries: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md */
export const ociAdapter: Adapter = { name: 'oci', classify: classifyOci }
