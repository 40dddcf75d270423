import { allMethods, partialUpdateType, readingMethods } from '../allowed.ts'
import { answerEmpty } from '../answer.ts'
import type { Method } from '../api.ts'
import { treeOf } from '../resource.ts'

/** Windows mounts only what says `MS-Author-Via`; Finder writes only where class 2 is. */
export const options: Method = async ({ dav, path, response }) => {
  const writable = dav.view.writable && treeOf(dav, path.names[0]) === dav.trees.mfs
  answerEmpty(response, 200, {
    allow: (writable ? allMethods : readingMethods).join(', '),
    ...davHeaders,
    'accept-ranges': 'bytes',
    'accept-patch': partialUpdateType
  })
}

export const davHeaders = {
  dav: '1, 2, 3, extended-mkcol, sabredav-partialupdate',
  'ms-author-via': 'DAV'
} as const
