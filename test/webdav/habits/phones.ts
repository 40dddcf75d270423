import { type Client, propfind, step } from './step.ts'

const cloud = [
  '<d:getlastmodified /><d:getetag /><d:getcontenttype /><d:resourcetype />',
  '<d:quota-available-bytes /><d:quota-used-bytes />',
  ...['permissions', 'id', 'fileid', 'size', 'favorite', 'share-types', 'owner-id'].map(
    name => `<${name} xmlns="http://owncloud.org/ns"/>`
  ),
  ...['creation_time', 'upload_time', 'is-encrypted', 'has-preview'].map(
    name => `<${name} xmlns="http://nextcloud.org/ns"/>`
  )
].join('')

/** Its XML is told as what it is not: https://github.com/nextcloud/ios/issues/2655 */
const read = (path: string, depth: '0' | '1', status: number, match: string | RegExp) =>
  step('PROPFIND', path, status, {
    headers: { depth, 'content-type': 'application/x-www-form-urlencoded' },
    body: `<?xml version="1.0" encoding="UTF-8"?>
<d:propfind xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns" xmlns:nc="http://nextcloud.org/ns"><d:prop>${cloud}</d:prop></d:propfind>`,
    match
  })

/**
 * The Files app itself maps no WebDAV: an app lends it a File Provider. That of Nextcloud, as its own
 * log tells: https://github.com/nextcloud/ios/issues/2255 (headers and body of PROPFIND),
 * https://github.com/nextcloud/ios/issues/2321 (a new folder), https://github.com/nextcloud/ios/issues/2648
 * (automatic upload) and https://github.com/nextcloud/android/issues/6794 (its PUTs in a server's log).
 */
export const nextcloudIos: Client = {
  headers: {
    'user-agent': 'Mozilla/5.0 (iOS) Nextcloud-iOS/4.5.6',
    accept: 'application/json',
    'ocs-apirequest': 'true'
  },
  habits: {
    'reads a folder, itself and then what is in it': [
      read('', '0', 207, /<d:collection|<D:collection/),
      step('PUT', 'a.pdf', 201, { body: 'pdf' }),
      read('', '1', 207, /a\.pdf[\s\S]*404 Not Found/)
    ],
    'makes a folder and looks at it': [
      step('MKCOL', 'New', 201),
      read('New', '0', 207, /\/dav\/mfs\/New\//)
    ],
    'uploads photos by itself, in a folder it makes each time': [
      step('MKCOL', 'Photos', 201),
      step('MKCOL', 'Photos', 405),
      step('PUT', 'Photos/20-08-10%2012-27-44%203390.jpg', 201, { body: 'image' }),
      step('PUT', 'Photos/20-08-10%2012-27-51%203391.jpg', 201, { body: 'another' }),
      read('Photos/20-08-10%2012-27-44%203390.jpg', '0', 207, '200 OK')
    ]
  }
}

const all =
  '<?xml version="1.0" encoding="utf-8" ?>\n<D:propfind xmlns:D="DAV:">\n<D:allprop/></D:propfind>'
const listAll = (path: string, match: string | RegExp) =>
  step('PROPFIND', path, 207, {
    headers: { depth: '1', 'content-type': 'text/xml; charset="utf-8"' },
    body: all,
    match
  })

/**
 * A library that iOS apps have their drives by, on URLSession; what it sends stands in its source:
 * https://github.com/amosavian/FileProvider/blob/0123d8b117cf9f30e08ffea4403c3b4128b25507/Sources/WebDAVFileProvider.swift
 */
export const fileProvider: Client = {
  headers: { 'user-agent': 'Drive/1 CFNetwork/1494.0.7 Darwin/23.4.0', accept: '*/*' },
  habits: {
    'asks for room, lists a folder, and a file as if it were one': [
      propfind('', '0', 207, {
        properties: '<D:quota-available-bytes/><D:quota-used-bytes/>',
        match: /<D:quota-available-bytes>[1-9]/
      }),
      step('PUT', 'a', 201, { body: '0123456789' }),
      listAll('', /<D:collection\/>[\s\S]*\/dav\/mfs\/a</),
      listAll('a', '<D:getcontentlength>10<')
    ],
    'reads a part, to one byte further than it wants, and the rest': [
      step('PUT', 'a', 201, { body: '0123456789' }),
      step('GET', 'a', 206, { headers: { range: 'bytes=2-6' }, match: /^23456$/ }),
      step('GET', 'a', 206, { headers: { range: 'bytes=4-' }, match: /^456789$/ })
    ],
    'writes aside with Overwrite on the PUT, then moves without': [
      step('PUT', 'a.txt.tmp', 201, { headers: { overwrite: 'F' }, body: 'new' }),
      step('MOVE', 'a.txt.tmp', 201, { headers: { destination: '{drive}a.txt', overwrite: 'F' } }),
      step('GET', 'a.txt', 200, { match: /^new$/ })
    ],
    'copies, moves and removes': [
      step('MKCOL', 'd/', 201),
      step('PUT', 'd/a', 201, { body: 'x' }),
      step('COPY', 'd/a', 201, { headers: { destination: '{drive}b', overwrite: 'F' } }),
      step('COPY', 'd/a', 412, { headers: { destination: '{drive}b', overwrite: 'F' } }),
      step('MOVE', 'b', 204, { headers: { destination: '{drive}d/a' } }),
      step('DELETE', 'd', 204),
      step('GET', 'd/a', 404)
    ]
  }
}

/**
 * Zotero for iOS, whose PROPFIND names one property in the default namespace:
 * https://github.com/zotero/zotero-ios/blob/master/Zotero/Controllers/API/Requests/WebDavPropfindRequest.swift
 */
export const zoteroIos: Client = {
  headers: { 'user-agent': 'Zotero/1 CFNetwork/1494.0.7 Darwin/23.4.0', accept: '*/*' },
  habits: {
    'looks for its folder, which is there or not': [
      step('PROPFIND', 'zotero/', 404, {
        headers: { depth: '0', 'content-type': 'text/xml; charset=utf-8' },
        body: "<propfind xmlns='DAV:'><prop><getcontentlength/></prop></propfind>"
      }),
      step('MKCOL', 'zotero/', 201),
      step('PROPFIND', 'zotero/', 207, {
        headers: { depth: '0', 'content-type': 'text/xml; charset=utf-8' },
        body: "<propfind xmlns='DAV:'><prop><getcontentlength/></prop></propfind>",
        match: '/dav/mfs/zotero/'
      })
    ]
  }
}
