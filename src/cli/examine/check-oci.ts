import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toCairnError } from '../../base/errors.ts'
import { showAddress } from '../../daemon/listen-address.ts'
import type { Settings } from '../../daemon/settings.ts'
import {
  fileOf,
  hostsToml,
  isOurs,
  isThere,
  type OciClient,
  ociClients,
  registriesConf
} from '../setup/oci-files.ts'
import type { Check, Finding } from './finding.ts'

const again = 'run `cairn setup oci` again'

/** Whether container clients of this machine ask Cairn, and find there what they ask for. */
export const checkOci: Check = ({ settings }) => examineOci('/', settings)

type Asked = Pick<Settings, 'listen' | 'ociUpstreams' | 'ociOtherwise'>

/** Of the system at `root`. */
export async function examineOci(root: string, settings: Asked): Promise<Finding> {
  const check = 'oci'
  const address = showAddress(settings.listen)
  const there = ociClients.filter(client => isThere(client, root))
  if (there.length === 0) return { check, verdict: 'ok', found: 'no podman, containerd or docker' }
  const asking: OciClient[] = []
  for (const client of there) {
    const file = fileOf(client, root)
    const text = await readOrEmpty(file)
    if (!asks(client, text)) continue
    asking.push(client)
    const wrong = await wrongWith(client, text, { ...settings, address, file, root })
    if (wrong !== undefined) return { check, verdict: 'warn', ...wrong }
  }
  const found =
    asking.length === 0
      ? `${there.join(', ')}: not by Cairn; \`cairn setup oci\` would have them ask it`
      : `${asking.join(', ')}: asks Cairn at ${address}`
  return { check, verdict: 'ok', found }
}

/** By a file of ours; docker's is its own, and any mirror of this machine may be us. */
function asks(client: OciClient, text: string): boolean {
  if (client !== 'docker') return isOurs(text)
  return mirrorsIn(text).some(mirror => /^http:\/\/(127\.|localhost|\[::1\])/.test(mirror))
}

function mirrorsIn(text: string): string[] {
  try {
    const { 'registry-mirrors': mirrors } = JSON.parse(text) as Record<string, unknown>
    return Array.isArray(mirrors) ? mirrors.map(String) : []
  } catch {
    return []
  }
}

interface Place extends Asked {
  readonly address: string
  readonly file: string
  readonly root: string
}

type Wrong = Pick<Finding, 'found' | 'advice'>

async function wrongWith(
  client: OciClient,
  text: string,
  place: Place
): Promise<Wrong | undefined> {
  const { ociUpstreams, address, file } = place
  const upstreams = Object.fromEntries(
    Object.entries(ociUpstreams).map(([name, { url }]) => [name, url])
  )
  if (Object.keys(upstreams).length === 0) {
    const found = `${file} leads here, but config.yaml has no registry to mirror`
    return { found, advice: 'name them: `cairn setup oci registry.example`' }
  }
  if (client === 'podman' && text !== registriesConf(address, upstreams)) {
    const found = `${file} is not what config.yaml says: of ${address}, and of its registries`
    return { found, advice: again }
  }
  if (client === 'containerd') return await wrongWithContainerd(text, place)
  return client === 'docker' ? wrongWithDocker(text, place) : undefined
}

/** Its CRI, that of Kubernetes, looks for mirrors where it is told to, and by default nowhere. */
async function wrongWithContainerd(
  text: string,
  { address, file, root }: Place
): Promise<Wrong | undefined> {
  if (text !== hostsToml(address)) {
    return { found: `${file} does not lead to ${address}`, advice: again }
  }
  const config = join(root, 'etc/containerd/config.toml')
  const settings = await readOrEmpty(config)
  const withoutCri = /^\s*disabled_plugins\s*=[^\]]*["'](io\.containerd\.grpc\.v1\.)?cri["']/m
  const led = /^\s*config_path\s*=\s*["'][^"'\n]*\/etc\/containerd\/certs\.d/m
  if (withoutCri.test(settings) || led.test(settings)) return undefined
  const advice =
    "set config_path of the CRI plugin's registry to it; `ctr` wants --hosts-dir, nerdctl nothing"
  return { found: `${config} has no config_path = "/etc/containerd/certs.d"`, advice }
}

function wrongWithDocker(text: string, { address, file, ociOtherwise }: Place): Wrong | undefined {
  if (mirrorsIn(text)[0] !== `http://${address}`) {
    const found = `${file} has a mirror of this machine, but not first http://${address}`
    return { found, advice: `${again}, and restart docker` }
  }
  if (ociOtherwise !== undefined) return undefined
  const found = 'docker asks Cairn for images without the name of a registry'
  return { found, advice: 'set oci: otherwise: in config.yaml to the upstream they are of' }
}

async function readOrEmpty(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const error = toCairnError(cause, `cannot read ${file}`)
    if (error.code === 'not-found') return ''
    throw error
  }
}
