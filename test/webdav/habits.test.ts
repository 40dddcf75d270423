import type { OutgoingHttpHeaders } from 'node:http'
import t from 'tap'
import { ask, lockInfo } from './ask.ts'
import { serveDav } from './served.ts'

/** One request of a client's habit, and what the answer must be for the client to go on. */
interface Step {
  readonly method: string
  readonly path: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string
  readonly status: number
  readonly match?: string | RegExp
}

const win32 = (...names: string[]) =>
  `<?xml version="1.0" encoding="utf-8" ?><D:propertyupdate xmlns:D="DAV:" xmlns:Z="urn:schemas-microsoft-com:"><D:set><D:prop>${names
    .map(name => `<Z:${name}>Fri, 02 Jan 2026 03:04:05 GMT</Z:${name}>`)
    .join(
      ''
    )}<Z:Win32FileAttributes>00000020</Z:Win32FileAttributes></D:prop></D:set></D:propertyupdate>`

const depth0 = { depth: '0' }
const depth1 = { depth: '1' }

/** Sequences as they are documented of each client; `TOKEN` stands for the lock token that was given. */
const habits: Readonly<Record<string, readonly Step[]>> = {
  'Windows: walks from the root, locks, puts nothing, puts, sets times, unlocks': [
    { method: 'OPTIONS', path: '/', status: 200 },
    {
      method: 'PROPFIND',
      path: '/',
      headers: depth1,
      status: 207,
      match: '<D:href>/dav/</D:href>'
    },
    { method: 'PROPFIND', path: '/dav', headers: depth1, status: 207, match: '/dav/mfs/' },
    {
      method: 'PROPFIND',
      path: '/dav/mfs',
      headers: depth0,
      status: 207,
      match: '<D:collection/>'
    },
    { method: 'PROPFIND', path: '/dav/mfs/w.txt', headers: depth0, status: 404 },
    { method: 'PUT', path: '/dav/mfs/w.txt', body: '', status: 201 },
    {
      method: 'LOCK',
      path: '/dav/mfs/w.txt',
      body: lockInfo(),
      headers: { timeout: 'Second-3600' },
      status: 200
    },
    {
      method: 'PROPPATCH',
      path: '/dav/mfs/w.txt',
      headers: { if: '(TOKEN)' },
      body: win32('Win32CreationTime', 'Win32LastAccessTime', 'Win32LastModifiedTime'),
      status: 207,
      match: /^(?!.*(403|424))/s
    },
    { method: 'HEAD', path: '/dav/mfs/w.txt', status: 200 },
    {
      method: 'PUT',
      path: '/dav/mfs/w.txt',
      headers: { if: '(TOKEN)' },
      body: 'text',
      status: 204
    },
    {
      method: 'PROPPATCH',
      path: '/dav/mfs/w.txt',
      headers: { if: '(TOKEN)' },
      body: win32('Win32LastModifiedTime'),
      status: 207,
      match: '200 OK'
    },
    { method: 'UNLOCK', path: '/dav/mfs/w.txt', headers: { 'lock-token': 'TOKEN' }, status: 204 },
    {
      method: 'PROPFIND',
      path: '/dav/mfs/w.txt',
      headers: depth0,
      status: 207,
      match: 'Fri, 02 Jan 2026 03:04:05 GMT</D:getlastmodified>'
    }
  ],
  'Finder: no length, an empty PUT, a lock, its own files, the room left': [
    { method: 'OPTIONS', path: '/dav/mfs/', status: 200 },
    {
      method: 'PROPFIND',
      path: '/dav/mfs/',
      headers: depth0,
      body: '<D:propfind xmlns:D="DAV:"><D:prop><D:quota-available-bytes/><D:quota-used-bytes/></D:prop></D:propfind>',
      status: 207,
      match: /<D:quota-available-bytes>\d+</
    },
    { method: 'PROPFIND', path: '/dav/mfs/._f', headers: depth0, status: 404 },
    { method: 'PUT', path: '/dav/mfs/f', body: '', status: 201 },
    { method: 'LOCK', path: '/dav/mfs/f', body: lockInfo(), headers: { depth: '0' }, status: 200 },
    {
      method: 'PUT',
      path: '/dav/mfs/f',
      headers: { if: '(TOKEN)', 'transfer-encoding': 'chunked', 'x-expected-entity-length': '5' },
      body: 'hello',
      status: 204
    },
    { method: 'UNLOCK', path: '/dav/mfs/f', headers: { 'lock-token': 'TOKEN' }, status: 204 },
    { method: 'GET', path: '/dav/mfs/f', status: 200, match: 'hello' },
    { method: 'PUT', path: '/dav/mfs/._f', body: 'fork', status: 201 },
    { method: 'PUT', path: '/dav/mfs/.DS_Store', body: 'store', status: 201 }
  ],
  'Office: HEAD of a folder, lock, refresh, save, unlock': [
    { method: 'HEAD', path: '/dav/mfs/', status: 200 },
    { method: 'PUT', path: '/dav/mfs/a.docx', body: 'one', status: 201 },
    {
      method: 'LOCK',
      path: '/dav/mfs/a.docx',
      body: lockInfo(),
      headers: { timeout: 'Second-180' },
      status: 200
    },
    {
      method: 'LOCK',
      path: '/dav/mfs/a.docx',
      headers: { if: '(TOKEN)', timeout: 'Second-180' },
      status: 200,
      match: 'Second-180'
    },
    {
      method: 'PUT',
      path: '/dav/mfs/a.docx',
      body: 'other',
      status: 423,
      match: 'lock-token-submitted'
    },
    {
      method: 'PUT',
      path: '/dav/mfs/a.docx',
      body: 'two',
      headers: { if: '</dav/mfs/a.docx> (TOKEN)' },
      status: 204
    },
    { method: 'UNLOCK', path: '/dav/mfs/a.docx', headers: { 'lock-token': 'TOKEN' }, status: 204 }
  ],
  'davfs2 and KDE: the executable bit': [
    { method: 'PUT', path: '/dav/mfs/x', body: '#!', status: 201 },
    {
      method: 'PROPPATCH',
      path: '/dav/mfs/x',
      body: '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><executable xmlns="http://apache.org/dav/props/">T</executable></D:prop></D:set></D:propertyupdate>',
      status: 207,
      match: '200 OK'
    },
    {
      method: 'PROPFIND',
      path: '/dav/mfs/x',
      headers: depth0,
      body: '<D:propfind xmlns:D="DAV:"><D:prop><executable xmlns="http://apache.org/dav/props/"/></D:prop></D:propfind>',
      status: 207,
      match: '>T</N:executable>'
    },
    {
      method: 'PROPPATCH',
      path: '/dav/mfs/x',
      body: '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><D:executable>1</D:executable></D:prop></D:set></D:propertyupdate>',
      status: 207,
      match: '200 OK'
    }
  ],
  'the iOS Files app: asks all, makes a folder, puts, renames': [
    {
      method: 'PROPFIND',
      path: '/dav/mfs/',
      headers: depth1,
      body: '<propfind xmlns="DAV:"><allprop/></propfind>',
      status: 207
    },
    { method: 'MKCOL', path: '/dav/mfs/New%20folder/', status: 201 },
    { method: 'PUT', path: '/dav/mfs/New%20folder/IMG_0001.HEIC', body: 'image', status: 201 },
    {
      method: 'MOVE',
      path: '/dav/mfs/New%20folder/',
      headers: { destination: '/dav/mfs/Trip/', overwrite: 'F' },
      status: 201
    },
    {
      method: 'GET',
      path: '/dav/mfs/Trip/IMG_0001.HEIC',
      headers: { range: 'bytes=0-1' },
      status: 206,
      match: /^im$/
    }
  ],
  'Word: saves beside, swaps the two, lets go': [
    { method: 'PUT', path: '/dav/mfs/a.docx', body: 'old', status: 201 },
    { method: 'LOCK', path: '/dav/mfs/a.docx', body: lockInfo(), status: 200 },
    { method: 'PUT', path: '/dav/mfs/~$a.docx', body: 'owner', status: 201 },
    { method: 'PUT', path: '/dav/mfs/A1B2.tmp', body: 'new', status: 201 },
    {
      method: 'MOVE',
      path: '/dav/mfs/a.docx',
      headers: { destination: '/dav/mfs/C3D4.tmp', if: '(TOKEN)', overwrite: 'F' },
      status: 201
    },
    {
      method: 'MOVE',
      path: '/dav/mfs/A1B2.tmp',
      headers: { destination: '/dav/mfs/a.docx', overwrite: 'F' },
      status: 201
    },
    { method: 'DELETE', path: '/dav/mfs/C3D4.tmp', status: 204 },
    { method: 'DELETE', path: '/dav/mfs/~$a.docx', status: 204 },
    { method: 'GET', path: '/dav/mfs/a.docx', status: 200, match: /^new$/ }
  ],
  'KDE: asks a folder, uploads a part file, renames it into place': [
    {
      method: 'PROPFIND',
      path: '/dav/mfs/',
      headers: depth1,
      body: '<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:" xmlns:L="LCGDM:"><D:prop><D:creationdate/><D:getcontentlength/><D:displayname/><D:source/><D:getcontentlanguage/><D:getcontenttype/><D:getlastmodified/><D:getetag/><D:supportedlock/><D:lockdiscovery/><D:resourcetype/><D:quota-available-bytes/><D:quota-used-bytes/></D:prop></D:propfind>',
      status: 207,
      match: '<D:quota-available-bytes>'
    },
    { method: 'HEAD', path: '/dav/mfs/k.part', status: 404 },
    { method: 'PUT', path: '/dav/mfs/k.part', body: 'kde', status: 201 },
    {
      method: 'MOVE',
      path: '/dav/mfs/k.part',
      headers: { destination: '/dav/mfs/k', overwrite: 'F', depth: 'infinity' },
      status: 201
    },
    { method: 'PROPFIND', path: '/dav/mfs/k', headers: depth0, status: 207, match: '>3<' }
  ],
  'rclone: the time of a file goes along': [
    {
      method: 'PUT',
      path: '/dav/mfs/r',
      headers: { 'x-oc-mtime': '1767323045.5' },
      body: 'x',
      status: 201
    },
    {
      method: 'PROPFIND',
      path: '/dav/mfs/r',
      headers: depth0,
      status: 207,
      match: 'Fri, 02 Jan 2026 03:04:05 GMT'
    }
  ]
}

for (const [habit, steps] of Object.entries(habits)) {
  t.test(habit, async t => {
    const { port, faults } = await serveDav(t, t.testdir())
    let token = ''
    for (const { method, path, headers = {}, body, status, match } of steps) {
      const sent = Object.entries(headers).map(([name, value]) => [
        name,
        String(value).replace('TOKEN', token)
      ])
      const question = { headers: Object.fromEntries(sent) }
      const answer = await ask(
        port,
        method,
        path,
        body === undefined ? question : { ...question, body }
      )
      token = answer.headers['lock-token']?.toString() ?? token
      t.equal(
        answer.status,
        status,
        `${method} ${path}: ${answer.status === status ? '' : answer.text}`
      )
      if (match !== undefined) t.match(answer.text, match, `${method} ${path}`)
      if (method === 'OPTIONS') {
        t.match(answer.headers, { dav: /1, 2/, 'ms-author-via': 'DAV' })
      }
    }
    t.strictSame(faults, [])
  })
}
