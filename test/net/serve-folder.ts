import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { join, normalize } from 'node:path'

/** Serves the files of a folder over HTTP: node serve-folder.ts FOLDER HOST PORT. Says `ready`. */
const [folder = '', host, port] = process.argv.slice(2)
createServer((request, response) => {
  const path = join(folder, normalize(decodeURIComponent(request.url ?? '/')))
  // As a registry has them, `name` is a document, though `name/-/…` are files below it.
  const file = [path, `${path}.json`].find(name =>
    statSync(name, { throwIfNoEntry: false })?.isFile()
  )
  if (file === undefined) response.writeHead(404).end()
  else createReadStream(file).pipe(response)
}).listen(Number(port), host, () => console.log('ready'))
