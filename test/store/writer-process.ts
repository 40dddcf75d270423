import { randomBytes } from 'node:crypto'
import { openStore } from './lib.ts'

/**
 * A process that writes blocks until it is killed, and says on its output, a line a flush, the
 * multihashes that were flushed: arguments are the segments folder, the database and, if it is to end, how many flushes.
 */
const [segments, databasePath, flushes = 'Infinity'] = process.argv.slice(2)
const { store, end } = openStore(
  { segments: segments!, databasePath: databasePath! },
  { segmentBytes: 2 * 1024 * 1024 }
)
for (let flush = 0; flush < Number(flushes); flush++) {
  const flushed: string[] = []
  for (let block = 0; block < 20; block++) {
    const length = block === 7 ? 80_000 : 1 + ((flush * 331 + block * 97) % 5000)
    flushed.push(Buffer.from(store.add(randomBytes(length))).toString('hex'))
  }
  store.flush({ durable: flush % 8 === 0 })
  process.stdout.write(`${flushed.join(' ')}\n`)
}
end()
