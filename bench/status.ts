import { type Bench, bounded } from './lib/bench.ts'
import { cairnCommand, startCairn } from './lib/cairn.ts'
import { costOfCommand } from './lib/cost.ts'
import { interleave } from './lib/interleave.ts'

export const bench: Bench = {
  title: 'the command line asks a running daemon',
  run: async room => {
    const cairn = await startCairn(room, room.disk('home'))
    const ask = () => costOfCommand([], cairnCommand(cairn, 'status'))
    const costs = await interleave(room.rounds * 3, ask, undefined)
    return [bounded('`cairn status`', costs.cairn.wallSeconds * 1000, 'ms', 150)]
  }
}
