import { serveDav } from './served.ts'

/** Serves the home named on the command line until it is killed; prints the port. */
const served = await serveDav({ teardown: () => {} }, process.argv[2] ?? '')
console.log(served.port)
