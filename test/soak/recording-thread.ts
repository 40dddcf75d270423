import { workerData } from 'node:worker_threads'
import type { FuseThreadData } from '../../src/fuse/api.ts'
import { serveFuse } from '../../src/fuse/serve.ts'
import { type RecordingData, RecordingTree } from './recording-tree.ts'

const { fuse, data } = workerData as FuseThreadData<RecordingData>
serveFuse(fuse, new RecordingTree(data))
