import { openDatabase } from '../../src/base/database.ts'

/** A process that adds to two counters, each time in one transaction, and says what it has committed: arguments are the database and how often. */
const [path, times] = process.argv.slice(2)
const database = openDatabase(path!, {
  migrations: [
    {
      owner: 'counter',
      version: 1,
      sql: 'CREATE TABLE counter (n INTEGER, twin INTEGER); INSERT INTO counter VALUES (0, 0)'
    }
  ]
})
for (let count = 0; count < Number(times); count++) {
  const total = database.write(() => {
    database.statement('UPDATE counter SET n = n + 1').run()
    database.statement('UPDATE counter SET twin = twin + 1').run()
    return database.statement('SELECT n FROM counter').get()?.n
  })
  process.stdout.write(`${total}\n`)
}
database.close()
