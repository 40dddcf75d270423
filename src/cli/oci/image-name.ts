import { isRepositoryName, isTag } from '../../../adapters/oci/reference.ts'
import { CairnError } from '../../base/errors.ts'

/** An image as people write it: `name:tag`, the tag `latest` if none is given. */
export interface ImageName {
  readonly name: string
  readonly tag: string
}

/** Throws `usage`. */
export function parseImageName(text: string): ImageName {
  const [, name = '', tag = 'latest'] = /^(.*?)(?::([^:/@]*))?$/s.exec(text) ?? []
  if (isRepositoryName(name) && isTag(tag)) return { name, tag }
  throw new CairnError(
    'usage',
    `${JSON.stringify(text.slice(0, 300))} is no image name: write NAME:TAG`
  )
}
