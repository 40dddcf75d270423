import { type Client, lockInfo, propfind, step } from './step.ts'

const update = (...properties: Array<readonly [string, string]>) =>
  `<?xml version="1.0" encoding="utf-8" ?><D:propertyupdate xmlns:D="DAV:" xmlns:Z="urn:schemas-microsoft-com:"><D:set><D:prop>${properties
    .map(([name, value]) => `<Z:${name}>${value}</Z:${name}>`)
    .join('')}</D:prop></D:set></D:propertyupdate>`

const time = 'Fri, 02 Jan 2026 03:04:05 GMT'
const times = ['Win32CreationTime', 'Win32LastAccessTime', 'Win32LastModifiedTime'].map(
  name => [name, time] as const
)
const allDone = /^(?!.*(403|424|404)).*200 OK/s
/** No Depth: that is infinity. Captured in https://github.com/swisspol/GCDWebServer/issues/319 */
const lock = (path: string, status: number) =>
  step('LOCK', path, status, {
    headers: { timeout: 'Second-3600', 'content-type': 'text/xml; charset="utf-8"' },
    body: lockInfo('<D:href>MACHINE\\user</D:href>'),
    ...(status < 300
      ? { match: '<D:timeout>Second-3600<', answers: { 'lock-token': /^<urn/ } }
      : {})
  })

/** The WebClient service, behind `net use` and Explorer: https://learn.microsoft.com/openspecs/windows_protocols/ms-wdv */
export const miniRedirector: Client = {
  headers: {
    'user-agent': 'Microsoft-WebDAV-MiniRedir/10.0.19045',
    translate: 'f',
    pragma: 'no-cache',
    'cache-control': 'no-cache'
  },
  habits: {
    'maps the drive: walks every folder from the root, each listed by the one above': [
      step('OPTIONS', '/', 200, { answers: { 'ms-author-via': 'DAV', dav: /1, 2/ } }),
      propfind('/', '0', 207, { match: '<D:collection/>' }),
      propfind('/', '1', 207, { match: '<D:href>/dav/</D:href>' }),
      propfind('/dav', '0', 207, { match: '<D:collection/>' }),
      propfind('/dav', '1', 207, { match: '<D:href>/dav/mfs/</D:href>' }),
      step('OPTIONS', '/dav/mfs', 200, { answers: { allow: /LOCK/, dav: /1, 2/ } }),
      propfind('/dav/mfs', '0', 207, { match: '<D:collection/>' }),
      propfind('/dav/mfs', '1', 207, { match: '<D:getlastmodified>' }),
      propfind('desktop.ini', '0', 404),
      propfind('AutoRun.inf', '0', 404)
    ],
    'copies a file in': [
      propfind('w.txt', '0', 404),
      step('PUT', 'w.txt', 201, { body: '' }),
      lock('w.txt', 200),
      step('PROPPATCH', 'w.txt', 207, {
        headers: { if: '({token w.txt})' },
        body: update(...times, ['Win32FileAttributes', '00000020']),
        match: allDone
      }),
      step('HEAD', 'w.txt', 200, { answers: { 'content-length': '0' } }),
      step('PUT', 'w.txt', 204, { headers: { if: '({token w.txt})' }, body: 'text' }),
      step('PROPPATCH', 'w.txt', 207, {
        headers: { if: '({token w.txt})' },
        body: update(...times, ['Win32FileAttributes', '00000021']),
        match: allDone
      }),
      step('UNLOCK', 'w.txt', 204, { headers: { 'lock-token': '{token w.txt}' } }),
      propfind('w.txt', '0', 207, { match: `${time}</D:getlastmodified>` }),
      propfind('w.txt', '0', 207, { match: /Win32FileAttributes[^>]*>00000021</ }),
      propfind('/dav/mfs', '1', 207, { match: '/dav/mfs/w.txt' })
    ],
    'makes a folder, names it, and renames a file into it': [
      step('MKCOL', 'New%20folder', 201),
      propfind('New%20folder', '0', 207, { match: '<D:collection/>' }),
      propfind('Named', '0', 404),
      step('MOVE', 'New%20folder', 201, {
        headers: { destination: '{drive}Named', overwrite: 'F' }
      }),
      step('PUT', 'a%20%C3%A4.txt', 201, { body: 'text' }),
      step('MOVE', 'a%20%C3%A4.txt', 201, {
        headers: { destination: '{drive}Named/a%20%C3%A4.txt', overwrite: 'F' }
      }),
      step('PUT', 'a%20%C3%A4.txt', 201, { body: 'other' }),
      step('MOVE', 'a%20%C3%A4.txt', 412, {
        headers: { destination: '{drive}Named/a%20%C3%A4.txt', overwrite: 'F' }
      }),
      step('MOVE', 'a%20%C3%A4.txt', 204, {
        headers: { destination: '{drive}Named/a%20%C3%A4.txt', overwrite: 'T' }
      })
    ],
    'opens, changes and closes what is there; another waits': [
      step('PUT', 'w.txt', 201, { body: 'one' }),
      propfind('w.txt', '0', 207, { match: '<D:getcontentlength>3<' }),
      lock('w.txt', 200),
      step('GET', 'w.txt', 200, { match: 'one' }),
      lock('w.txt', 423),
      step('PUT', 'w.txt', 423, { body: 'two' }),
      step('PUT', 'w.txt', 204, { headers: { if: '({token w.txt})' }, body: 'two' }),
      step('LOCK', 'w.txt', 200, {
        headers: { if: '({token w.txt})', timeout: 'Second-3600' },
        body: ''
      }),
      step('UNLOCK', 'w.txt', 204, { headers: { 'lock-token': '{token w.txt}' } })
    ],
    'removes a folder with what is in it': [
      step('MKCOL', 'd', 201),
      step('PUT', 'd/a', 201, { body: 'x' }),
      propfind('d', '1', 207, { match: '/dav/mfs/d/a' }),
      step('DELETE', 'd/a', 204),
      step('DELETE', 'd', 204),
      propfind('d', '0', 404)
    ]
  }
}

const officeLock = (path: string, status: number) =>
  step('LOCK', path, status, {
    headers: { depth: '0', timeout: 'Second-3600', 'content-type': 'text/xml; charset="utf-8"' },
    body: lockInfo('<D:href>A User</D:href>')
  })

/** Word, Excel and PowerPoint, which open documents by URL without the WebClient service. */
export const office: Client = {
  headers: { 'user-agent': 'Microsoft Office Word 2016', 'x-office-major-version': '16' },
  habits: {
    'looks what the server can, opens, saves and closes': [
      step('OPTIONS', '', 200, { answers: { 'ms-author-via': 'DAV', dav: /1, 2/ } }),
      step('HEAD', '', 200),
      step('PUT', 'a.docx', 201, { body: 'one' }),
      step('HEAD', 'a.docx', 200, { answers: { etag: /^"/, 'last-modified': /GMT$/ } }),
      step('LOCK', 'a.docx', 412, {
        headers: { if: '(<opaquelocktoken:stale>)', timeout: 'Second-3600' },
        body: ''
      }),
      officeLock('a.docx', 200),
      step('GET', 'a.docx', 200, { headers: { translate: 'f' }, match: /^one$/ }),
      propfind('a.docx', '0', 207, { match: '<D:activelock>' }),
      step('LOCK', 'a.docx', 200, {
        headers: { if: '({token a.docx})', timeout: 'Second-180' },
        body: '',
        match: '<D:timeout>Second-180<'
      }),
      step('PUT', 'a.docx', 204, { headers: { if: '({token a.docx})' }, body: 'two' }),
      step('PUT', 'a.docx', 204, {
        headers: { if: '<{drive}a.docx> ({token a.docx})' },
        body: 'three'
      }),
      step('UNLOCK', 'a.docx', 204, { headers: { 'lock-token': '{token a.docx}' } }),
      step('GET', 'a.docx', 200, { match: /^three$/ })
    ],
    'saves from 2016 on: its token in Lock-Token alone': [
      step('PUT', 'a.docx', 201, { body: 'one' }),
      officeLock('a.docx', 200),
      step('PUT', 'a.docx', 423, { body: 'two', headers: { 'lock-token': '<urn:uuid:other>' } }),
      step('PUT', 'a.docx', 204, { body: 'two', headers: { 'lock-token': '{token a.docx}' } }),
      step('UNLOCK', 'a.docx', 204, { headers: { 'lock-token': '{token a.docx}' } })
    ],
    'is told who else has it open': [
      step('PUT', 'a.docx', 201, { body: 'one' }),
      officeLock('a.docx', 200),
      officeLock('a.docx', 423),
      propfind('a.docx', '0', 207, { match: '<D:owner><D:href>A User</D:href></D:owner>' }),
      step('PUT', 'a.docx', 423, { body: 'other', match: 'lock-token-submitted' })
    ],
    'saves a document that is new': [
      propfind('new.docx', '0', 404),
      officeLock('new.docx', 201),
      step('PUT', 'new.docx', 204, { headers: { if: '({token new.docx})' }, body: 'one' }),
      step('UNLOCK', 'new.docx', 204, { headers: { 'lock-token': '{token new.docx}' } })
    ],
    'on a mapped drive: saves beside, swaps the two, lets go': [
      step('PUT', 'a.docx', 201, { body: 'old' }),
      officeLock('a.docx', 200),
      step('PUT', '~$a.docx', 201, { body: 'owner' }),
      step('PUT', 'A1B2.tmp', 201, { body: 'new' }),
      step('MOVE', 'a.docx', 201, {
        headers: { destination: '/dav/mfs/C3D4.tmp', if: '({token a.docx})', overwrite: 'F' }
      }),
      step('MOVE', 'A1B2.tmp', 201, {
        headers: { destination: '/dav/mfs/a.docx', overwrite: 'F' }
      }),
      step('DELETE', 'C3D4.tmp', 204),
      step('DELETE', '~$a.docx', 204),
      step('GET', 'a.docx', 200, { match: /^new$/ })
    ]
  }
}
