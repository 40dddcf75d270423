import { openSync } from 'node:fs'
import { LibcFiles } from '../../src/base/libc-files.ts'

/** Prints where the data of a file begins and ends: in a process of its own, since calls on a mount block. */
const file = openSync(process.argv[2] ?? '', 'r')
const libc = new LibcFiles()
const data = libc.seek(file, 0, 'data') ?? 0
const hole = libc.seek(file, data, 'hole') ?? 0
process.stdout.write(`data ${data} hole ${hole} then ${libc.seek(file, hole, 'data')}\n`)
