import { collect, openNamed } from './collect-lib.ts'

/** A process that collects again and again until it is killed, and says so, a line a time: arguments are the segments folder and the database. */
const [segments = '', databasePath = ''] = process.argv.slice(2)
const home = { home: '', segments, databasePath, remove: () => {} }
const { database } = openNamed(home)
for (;;) {
  process.stdout.write('begun\n')
  await collect(home, database)
}
