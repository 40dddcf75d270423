import t from 'tap'
import { ask } from '../webdav/ask.ts'
import { serveDav } from '../webdav/served.ts'
import { posixSuite } from './suite.ts'
import { webdav } from './tables/webdav.ts'
import { webdavSubject } from './webdav-subject.ts'

t.test('a WebDAV door to /mfs', async t => {
  const { port, faults } = await serveDav(t, t.testdir({}))
  await ask(port, 'MKCOL', '/dav/mfs/suite')
  await posixSuite(t, webdavSubject(port, '/dav/mfs/suite'), [webdav])
  t.strictSame(faults, [], 'no request failed in a way nobody planned')
})
