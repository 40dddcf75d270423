import { type Client, lockInfo, propfind, step } from './step.ts'

const common =
  '<D:getlastmodified/><D:getcontentlength/><D:creationdate/><D:resourcetype/><D:getetag/>'
const forks = `${common}<A:appledoubleheader xmlns:A="http://www.apple.com/webdav_fs/props/"/>`
const room = '<D:quota-available-bytes/><D:quota-used-bytes/><D:quota/><D:quotaused/>'

const lock = (path: string, status: number) =>
  step('LOCK', path, status, {
    headers: { depth: '0', timeout: 'Second-600', 'content-type': 'text/xml; charset="utf-8"' },
    body: lockInfo('<D:href>http://www.apple.com/webdav_fs/</D:href>')
  })
const unlock = (path: string) =>
  step('UNLOCK', path, 204, { headers: { 'lock-token': `{token ${path}}` } })
/** Its length is in a header of its own. */
const put = (path: string, body: string) =>
  step('PUT', path, 204, {
    headers: {
      if: `({token ${path}})`,
      'transfer-encoding': 'chunked',
      'x-expected-entity-length': `${body.length}`
    },
    body
  })

/**
 * webdavfs of macOS, which also asks for hints that no server has. Servers' logs of it:
 * https://github.com/pydio/pydio-core/issues/581 (a file copied in, and its fork),
 * https://github.com/nextcloud/server/issues/9533 (hints), https://github.com/robbiehanson/CocoaHTTPServer/issues/8
 * (room and appledoubleheader).
 */
export const finder: Client = {
  headers: { 'user-agent': 'WebDAVFS/3.0.0 (03008000) Darwin/21.6.0 (x86_64)' },
  habits: {
    'connects: writes only where there are locks; asks for room and for hints': [
      step('OPTIONS', '', 200, { answers: { dav: /\b1, 2\b/, allow: /LOCK/ } }),
      propfind('', '0', 207, { properties: common, match: '<D:collection/>' }),
      propfind('', '0', 207, {
        properties: room,
        match: /<D:quota-available-bytes>[1-9]\d*<.*<D:quota-used-bytes>\d+<.*404 Not Found/s
      }),
      ...['.metadata_never_index', '.ql_disablethumbnails', '.ql_disablecache', '.hidden'].map(
        name => propfind(name, '0', 404, { properties: common })
      ),
      ...['.Spotlight-V100', '.localized', '._.', '.DS_Store', '._.DS_Store'].map(name =>
        propfind(name, '0', 404, { properties: common })
      ),
      step('GET', '._.', 404),
      propfind('', '1', 207, { properties: forks, match: 'appledoubleheader' })
    ],
    'copies a file in, with its fork beside it': [
      propfind('f', '0', 404, { properties: common }),
      step('PUT', 'f', 201, { body: '' }),
      propfind('f', '0', 207, { properties: common, match: '<D:getcontentlength>0<' }),
      lock('f', 200),
      step('GET', 'f', 200, { answers: { 'content-length': '0' } }),
      propfind('._f', '0', 404, { properties: common }),
      lock('._f', 201),
      put('._f', 'fork'),
      propfind('._f', '0', 207, { properties: common, match: '<D:getcontentlength>4<' }),
      put('f', 'hello'),
      propfind('f', '0', 207, { properties: common, match: '<D:getcontentlength>5<' }),
      unlock('._f'),
      unlock('f'),
      step('GET', 'f', 200, { match: /^hello$/ })
    ],
    'keeps how a folder is shown': [
      propfind('.DS_Store', '0', 404, { properties: common }),
      step('PUT', '.DS_Store', 201, { body: '' }),
      lock('.DS_Store', 200),
      put('.DS_Store', 'store'),
      unlock('.DS_Store'),
      propfind('', '1', 207, { properties: forks, match: '/dav/mfs/.DS_Store' })
    ],
    'previews: the head, and parts of it': [
      step('PUT', 'v', 201, { body: '0123456789' }),
      step('HEAD', 'v', 200, { answers: { 'accept-ranges': 'bytes', 'content-length': '10' } }),
      step('GET', 'v', 206, { headers: { range: 'bytes=0-3' }, match: /^0123$/ }),
      step('GET', 'v', 206, { headers: { range: 'bytes=4-' }, match: /^456789$/ })
    ],
    'saves as TextEdit does: in a folder beside, then in its place': [
      step('PUT', 't.txt', 201, { body: 'old' }),
      step('MKCOL', 'sb-1/', 201),
      step('PUT', 'sb-1/t.txt', 201, { body: '' }),
      lock('sb-1/t.txt', 200),
      put('sb-1/t.txt', 'new'),
      unlock('sb-1/t.txt'),
      step('MOVE', 'sb-1/t.txt', 204, { headers: { destination: '{drive}t.txt', overwrite: 'T' } }),
      step('DELETE', 'sb-1/', 204),
      step('GET', 't.txt', 200, { match: /^new$/ })
    ],
    'makes a folder and renames it, with accents as macOS writes them': [
      step('MKCOL', 'untitled%20folder/', 201),
      step('MOVE', 'untitled%20folder/', 201, {
        headers: { destination: '{drive}U%CC%88ber/', overwrite: 'T' }
      }),
      propfind('', '1', 207, { properties: forks, match: '/dav/mfs/%C3%9Cber/' }),
      propfind('U%CC%88ber/', '1', 207, { properties: forks }),
      step('DELETE', 'U%CC%88ber/', 204)
    ],
    'removes a file and its fork': [
      step('PUT', 'f', 201, { body: 'x' }),
      step('PUT', '._f', 201, { body: 'fork' }),
      lock('f', 200),
      step('DELETE', 'f', 204, { headers: { if: '({token f})' } }),
      step('DELETE', '._f', 204),
      propfind('f', '0', 404, { properties: common })
    ]
  }
}
