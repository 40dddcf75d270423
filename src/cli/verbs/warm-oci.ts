import { CairnError, toCairnError } from '../../base/errors.ts'
import { showCount } from '../../base/show-units.ts'
import type { Cli, CommonOptions } from '../cli.ts'
import { daemonUrl, fetchPaths } from '../fetch-paths.ts'
import { fetchImage, partUrl } from '../oci/fetch-image.ts'
import { parseImageName } from '../oci/image-name.ts'

export interface WarmOciOptions extends CommonOptions {
  readonly arch?: string
}

/** As many as docker and podman ask for at a time. */
const lanes = 3

/**
 * Has the daemon fetch images: manifests, configs and layers for one processor, this machine's by default.
 * Throws `not-found` without a daemon, `upstream` when some could not be had: the others are held.
 */
export async function warmOci(
  cli: Cli,
  images: readonly string[],
  options: WarmOciOptions
): Promise<void> {
  const names = images.map(parseImageName)
  const base = await daemonUrl(cli, options)
  const { signal } = cli
  const failed: string[] = []
  const urls = new Set<string>()
  for (const image of names) {
    try {
      const { config, layers } = await fetchImage(
        { base, signal },
        image,
        options.arch ?? process.arch
      )
      const parts = [...(config === undefined ? [] : [config]), ...layers]
      // Layers that lie elsewhere need not be in the registry.
      for (const { digest } of parts.filter(part => part.urls === undefined)) {
        urls.add(partUrl(base, image, `blobs/${digest}`))
      }
    } catch (cause) {
      if (signal.aborted) throw toCairnError(signal.reason)
      failed.push(toCairnError(cause).message)
    }
  }
  const blobs = await fetchPaths(cli, [...urls], lanes)
  failed.push(...blobs.failed)
  const held = { images: names.length, blobs: urls.size - blobs.failed.length, bytes: blobs.bytes }
  if (options.json === true) cli.terminal.printJson({ ...held, failed })
  else
    cli.terminal.print(
      `held ${showCount(held.blobs, 'blob')} of ${showCount(names.length, 'image')}`
    )
  const [first] = failed
  if (first === undefined) return
  throw new CairnError('upstream', `${failed.length} could not be had, the first: ${first}`)
}
