import t from 'tap'
import { ask } from './ask.ts'
import { finder } from './habits/apple.ts'
import { davfs2, kde, libreOffice, rclone } from './habits/linux.ts'
import { fileProvider, nextcloudIos, zoteroIos } from './habits/phones.ts'
import type { Client } from './habits/step.ts'
import { miniRedirector, office } from './habits/windows.ts'
import { serveDav } from './served.ts'

/** Sequences of requests as they are documented, or were captured, of each client. */
const clients: Readonly<Record<string, Client>> = {
  Windows: miniRedirector,
  Office: office,
  Finder: finder,
  'iOS Files by Nextcloud': nextcloudIos,
  'iOS by FileProvider': fileProvider,
  'Zotero on iOS': zoteroIos,
  KDE: kde,
  LibreOffice: libreOffice,
  davfs2,
  rclone
}

for (const [name, { headers: always, habits }] of Object.entries(clients)) {
  for (const [habit, steps] of Object.entries(habits)) {
    t.test(`${name} ${habit}`, async t => {
      const { port, url, faults } = await serveDav(t, t.testdir())
      const tokens = new Map<string, string>()
      const filled = (text: string) =>
        text
          .replace('{drive}', `${url}/dav/mfs/`)
          .replace(/\{token ([^}]+)\}/, (_, path: string) => tokens.get(path) ?? 'none')
      for (const { method, path, headers = {}, body, status, match, answers } of steps) {
        const all = Object.entries({ ...always, ...headers })
        const sent = Object.fromEntries(all.map(([key, value]) => [key, filled(String(value))]))
        const question = body === undefined ? { headers: sent } : { headers: sent, body }
        const target = path.startsWith('/') ? path : `/dav/mfs/${path}`
        const answer = await ask(port, method, target, question)
        const what = `${method} ${path}`
        t.equal(answer.status, status, `${what}: ${answer.status === status ? '' : answer.text}`)
        if (match !== undefined) t.match(answer.text, match, what)
        if (answers !== undefined) t.match(answer.headers, answers, what)
        const token = answer.headers['lock-token']
        if (method === 'LOCK' && token !== undefined) tokens.set(path, String(token))
      }
      t.strictSame(faults, [])
    })
  }
}
