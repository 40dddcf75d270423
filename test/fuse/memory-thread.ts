import { workerData } from 'node:worker_threads'
import type { FuseThreadData } from '../../src/fuse/api.ts'
import { serveFuse } from '../../src/fuse/serve.ts'
import { makeTestTree, type TestTreeData } from './test-tree.ts'

const { fuse, data } = workerData as FuseThreadData<TestTreeData>
serveFuse(fuse, makeTestTree(data))
