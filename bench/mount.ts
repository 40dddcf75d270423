import { findCold } from './find.ts'
import type { Bench, Room, Row } from './lib/bench.ts'
import { rememberMany } from './mount/memory.ts'
import { workOnProjects } from './mount/projects.ts'
import { readInPlace, readRandomly, readWarm, tarCold, workInPlace } from './mount/read.ts'
import { sealInBackground } from './mount/seal.ts'
import { changeNames, writeLarge } from './mount/write.ts'
import { readCold } from './read.ts'

export const bench: Bench = {
  title: 'the mount at the work of a file system, against bindfs, libfuse, rclone and tmpfs',
  run: async room => {
    const rows: Row[] = []
    for (const [name, measure] of Object.entries(parts)) {
      room.say(name)
      rows.push(...(await measure(room)))
    }
    return rows
  }
}

const parts = {
  'read cold': room => readCold(room, 0.9),
  'read warm': readWarm,
  'read randomly': readRandomly,
  'read in place': readInPlace,
  'in place': workInPlace,
  find: room => findCold(room, 0.35),
  tar: tarCold,
  write: writeLarge,
  names: changeNames,
  projects: workOnProjects,
  seal: sealInBackground,
  memory: rememberMany
} satisfies Record<string, (room: Room) => Promise<Row[]>>
