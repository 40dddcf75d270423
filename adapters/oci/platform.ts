import { CairnError } from '../../src/base/errors.ts'
import type { Descriptor } from './manifest.ts'

/** Node's names of processors to those of images: https://go.dev/doc/install/source#environment */
const architectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  arm: 'arm',
  arm64: 'arm64',
  loong64: 'loong64',
  ppc64: 'ppc64le',
  riscv64: 'riscv64',
  s390x: 's390x'
}

/**
 * The Linux image of an index for a processor as Node names it; of several variants the first. One
 * image that names no platform is for all. Throws `not-found`.
 */
export function platformFor(manifests: readonly Descriptor[], arch: string): Descriptor {
  const architecture = architectures[arch] ?? arch
  const fits = manifests.find(
    ({ platform }) => platform?.os === 'linux' && platform.architecture === architecture
  )
  const [only] = manifests
  const anyones = manifests.length === 1 && only?.platform === undefined ? only : undefined
  const found = fits ?? anyones
  if (found !== undefined) return found
  const names = manifests.map(({ platform }) => `${platform?.os}/${platform?.architecture}`)
  throw new CairnError('not-found', `there is no linux/${architecture} image: ${names.join(', ')}`)
}
