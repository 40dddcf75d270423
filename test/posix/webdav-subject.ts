import { ask, type Question } from '../webdav/ask.ts'
import type { Batch } from './actor.ts'
import { type Command, encode } from './language.ts'
import type { Subject } from './subjects.ts'

/**
 * A WebDAV server: commands are methods, results the status, and after it what `GET` and `LIST` say.
 * `MOVE file other F` has `Overwrite: F`. https://www.rfc-editor.org/rfc/rfc4918
 */
export function webdavSubject(port: number, top: string): Subject {
  let renewals = 0
  const enter = async (name: string, setup: readonly Command[]): Promise<string> => {
    const folder = `${top}/${name}`
    await ask(port, 'MKCOL', folder)
    for (const command of setup) {
      const result = await runMethod(port, folder, command)
      if (Number.parseInt(result, 10) >= 400) throw new Error(`${command.call}: ${result}`)
    }
    return folder
  }
  return {
    name: 'webdav',
    run: async (_process, { folder, setup, commands, renew }: Batch) => {
      let current = await enter(folder, setup)
      const results: string[] = []
      for (const command of commands) {
        const result = await runMethod(port, current, command)
        results.push(result)
        const changed =
          Number.parseInt(result, 10) < 300 && !/GET|HEAD|LIST|PROPFIND/.test(command.call)
        if (renew && changed) current = await enter(`${folder}-${++renewals}`, setup)
      }
      return results
    }
  }
}

async function runMethod(port: number, folder: string, { call, args }: Command): Promise<string> {
  const [path = '', argument = '', flag] = args
  const url = `${folder}/${escapedPath(path)}`
  const run = methods[call]
  if (run === undefined) throw new Error(`no such method: ${call}`)
  return run(port, url, { folder, argument, flag })
}

interface Rest {
  readonly folder: string
  readonly argument: string
  readonly flag: string | undefined
}

type Method = (port: number, url: string, rest: Rest) => Promise<string>

const methods: Readonly<Record<string, Method>> = {
  GET: async (port, url) => {
    const { status, text, headers } = await ask(port, 'GET', url)
    const isPage = headers['content-type']?.startsWith('text/html') === true
    return status === 200 && !isPage ? `200 ${encode(text)}` : String(status)
  },
  HEAD: (port, url) => statusOf(port, 'HEAD', url),
  DELETE: (port, url) => statusOf(port, 'DELETE', url),
  MKCOL: (port, url) => statusOf(port, 'MKCOL', url),
  PUT: (port, url, { argument }) => statusOf(port, 'PUT', url, { body: argument }),
  PROPFIND: (port, url, { argument }) =>
    statusOf(port, 'PROPFIND', url, { headers: { depth: argument } }),
  PROPPATCH: (port, url) => statusOf(port, 'PROPPATCH', url, { body: patch }),
  LIST: list,
  COPY: (port, url, rest) => statusOf(port, 'COPY', url, { headers: destination(rest) }),
  MOVE: (port, url, rest) => statusOf(port, 'MOVE', url, { headers: destination(rest) })
}

const patch = `<propertyupdate xmlns="DAV:"><set><prop><x xmlns="urn:x">1</x></prop></set></propertyupdate>`

async function statusOf(port: number, method: string, url: string, question: Question = {}) {
  return String((await ask(port, method, url, question)).status)
}

function destination({ folder, argument, flag }: Rest): Record<string, string> {
  const overwrite = flag === undefined ? {} : { overwrite: flag }
  return { destination: `${folder}/${escapedPath(argument)}`, ...overwrite }
}

/** The names in a folder, sorted, as they are escaped in what `PROPFIND` answers. */
async function list(port: number, url: string): Promise<string> {
  const { status, text } = await ask(port, 'PROPFIND', url, { headers: { depth: '1' } })
  if (status !== 207) return String(status)
  const paths = [...text.matchAll(/<(?:\w+:)?href>([^<]+)</g)].map(([, path = '']) =>
    path.replace(/\/$/, '')
  )
  const own = url.replace(/\/$/, '')
  const names = paths
    .filter(path => path !== own)
    .map(path => path.slice(path.lastIndexOf('/') + 1))
  return ['207', ...names.sort()].join(' ')
}

/** Every byte that a path of a URL does not hold plainly as `%ff`; dots stay what they are. */
function escapedPath(path: string): string {
  return path.replaceAll(
    /[^\w./~-]/g,
    byte => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  )
}
