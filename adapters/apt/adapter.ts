import type { Adapter } from '../../src/pull/adapter.ts'
import { classifyApt } from './classify.ts'
import { learnApt } from './learn.ts'
import { unpackDeb } from './unpack-deb.ts'

/** Debian package repositories: https://wiki.debian.org/DebianRepository/Format */
export const aptAdapter: Adapter = {
  name: 'apt',
  classify: classifyApt,
  learn: learnApt,
  unpack: key => (/\.(deb|udeb|ddeb)$/.test(key) ? unpackDeb : undefined)
}
