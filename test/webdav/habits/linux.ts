import { type Client, propfind, step } from './step.ts'

const stat =
  '<D:creationdate/><D:getcontentlength/><D:displayname/><D:source/><D:getcontentlanguage/><D:getcontenttype/><D:getlastmodified/><D:getetag/><D:supportedlock/><D:lockdiscovery/><D:resourcetype/><D:quota-available-bytes/><D:quota-used-bytes/>'
const executable = '<executable xmlns="http://apache.org/dav/props/"/>'

/** kio_http, behind Dolphin: https://invent.kde.org/frameworks/kio */
export const kde: Client = {
  headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) KHTML/5.115.0 Konqueror/22.12' },
  habits: {
    'opens a folder': [
      propfind('', '0', 207, { properties: stat, match: '<D:collection/>' }),
      step('PROPFIND', '', 207, {
        headers: { depth: '1' },
        body: `<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:" xmlns:L="LCGDM:"><D:prop>${stat}${executable}</D:prop></D:propfind>`,
        match: '<D:quota-available-bytes>'
      })
    ],
    'uploads a part file, renames it into place': [
      step('HEAD', 'k.part', 404),
      propfind('k', '0', 404, { properties: stat }),
      step('PUT', 'k.part', 201, { body: 'kde' }),
      step('MOVE', 'k.part', 201, {
        headers: { destination: '{drive}k', overwrite: 'F', depth: 'infinity' }
      }),
      propfind('k', '0', 207, { properties: stat, match: '<D:getcontentlength>3<' })
    ],
    'resumes what was cut off, copies, and asks before it replaces': [
      step('PUT', 'a', 201, { body: '0123456789' }),
      step('GET', 'a', 206, { headers: { range: 'bytes=4-' }, match: /^456789$/ }),
      step('COPY', 'a', 201, {
        headers: { destination: '{drive}b', overwrite: 'F', depth: 'infinity' }
      }),
      step('COPY', 'a', 412, {
        headers: { destination: '{drive}b', overwrite: 'F', depth: 'infinity' }
      }),
      step('MOVE', 'a', 204, {
        headers: { destination: '{drive}b', overwrite: 'T', depth: 'infinity' }
      }),
      step('DELETE', 'b', 204, { headers: { depth: 'infinity' } })
    ],
    'makes a folder, and finds one that is there': [
      step('MKCOL', 'd', 201),
      step('MKCOL', 'd', 405),
      step('MKCOL', 'none/d', 409),
      step('GET', 'd', 200, { answers: { 'content-type': /^text\/html/ } }),
      step('DELETE', 'd/', 204, { headers: { depth: 'infinity' } })
    ]
  }
}

/** davfs2, a file system by neon. */
export const davfs2: Client = {
  headers: { 'user-agent': 'davfs2/1.6.1 neon/0.32.5', te: 'trailers' },
  habits: {
    'mounts: asks for the root and what it may': [
      step('OPTIONS', '', 200, { answers: { dav: /\b2\b/ } }),
      propfind('', '0', 207, { properties: '<D:quota-available-bytes/><D:quota-used-bytes/>' }),
      propfind('', '1', 207, {
        properties: `<D:getetag/><D:getcontentlength/><D:creationdate/><D:getlastmodified/><D:resourcetype/>${executable}`
      })
    ],
    'sets and clears the executable bit': [
      step('PUT', 'x', 201, { body: '#!' }),
      step('PROPPATCH', 'x', 207, {
        body: `<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><executable xmlns="http://apache.org/dav/props/">T</executable></D:prop></D:set></D:propertyupdate>`,
        match: '200 OK'
      }),
      propfind('x', '0', 207, { properties: executable, match: '>T</N:executable>' }),
      step('PROPPATCH', 'x', 207, {
        body: `<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><executable xmlns="http://apache.org/dav/props/">F</executable></D:prop></D:set></D:propertyupdate>`,
        match: '200 OK'
      }),
      propfind('x', '0', 207, { properties: executable, match: '>F</N:executable>' })
    ],
    'makes a file only if it is not there, and replaces only what it read': [
      step('PUT', 'a', 201, { headers: { 'if-none-match': '*' }, body: '' }),
      step('PUT', 'a', 412, { headers: { 'if-none-match': '*' }, body: '' }),
      step('PUT', 'a', 412, { headers: { 'if-match': '"older"' }, body: 'x' })
    ]
  }
}

const officeSpace = 'http://ucb.openoffice.org/dav/props/'
/** It writes the default namespace on each property. */
const ask = (properties: string, status: number, match: string | RegExp) =>
  step('PROPFIND', 'b.odt', status, {
    headers: { depth: '0', 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<propfind xmlns="DAV:">${properties}</propfind>`,
    match
  })
const openable = ask(
  `<prop><resourcetype xmlns="DAV:"/><IsReadOnly xmlns="${officeSpace}"/><getcontenttype xmlns="DAV:"/><supportedlock xmlns="DAV:"/></prop>`,
  207,
  /opendocument\.text<.*<D:exclusive\/>.*404 Not Found/s
)
const changed = ask('<prop><getlastmodified xmlns="DAV:"/></prop>', 207, / GMT</)

/** Its own WebDAV, by curl; captured of LibreOffice 7.4 as it opened, changed and closed a text. */
export const libreOffice: Client = {
  headers: {
    'user-agent': 'LibreOffice 7.4.7.2 denylistedbackend/7.88.1 GnuTLS/3.7.9',
    accept: '*/*',
    'accept-encoding': 'deflate, gzip, br, zstd'
  },
  habits: {
    'opens a text, keeps it locked, saves and closes it': [
      step('PUT', 'b.odt', 201, { body: 'old' }),
      step('OPTIONS', 'b.odt', 200, { answers: { dav: /\b2\b/, allow: /LOCK/ } }),
      openable,
      step('HEAD', 'b.odt', 200, { answers: { 'last-modified': / GMT$/ } }),
      step('GET', 'b.odt', 200, { match: /^old$/ }),
      ask(`<prop><BaseURI xmlns="${officeSpace}"/></prop>`, 207, '404 Not Found'),
      step('LOCK', 'b.odt', 200, {
        headers: { depth: '0', timeout: 'Second-180', 'content-type': 'application/xml' },
        body: '<?xml version="1.0" encoding="UTF-8"?>\n<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype><owner>LibreOffice - </owner></lockinfo>',
        match: '<D:timeout>Second-180<'
      }),
      changed,
      ask('<propname/>', 207, '<D:getlastmodified/>'),
      step('HEAD', '', 200),
      step('PUT', 'b.odt', 204, {
        headers: { if: '({token b.odt})', expect: '100-continue' },
        body: 'new'
      }),
      changed,
      openable,
      step('UNLOCK', 'b.odt', 204, { headers: { 'lock-token': '{token b.odt}' } }),
      step('PUT', 'b.odt', 204, { body: 'another' })
    ]
  }
}

/** rclone, as for ownCloud. */
export const rclone: Client = {
  headers: { 'user-agent': 'rclone/v1.60.1' },
  habits: {
    'the time of a file goes along': [
      step('PUT', 'r', 201, { headers: { 'x-oc-mtime': '1767323045.5' }, body: 'x' }),
      propfind('r', '0', 207, { match: 'Fri, 02 Jan 2026 03:04:05 GMT' })
    ]
  }
}
