import { accessSync, closeSync, constants, openSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The Debian package that brings a real client a test drives; scripts/lib/clients installs the same. */
const packages: Readonly<Record<string, string>> = {
  'apt-get': 'apt',
  docker: 'docker.io',
  'docker-registry': 'docker-registry',
  dockerd: 'docker.io',
  'dpkg-deb': 'dpkg',
  buildah: 'buildah',
  cadaver: 'cadaver',
  chroot: 'coreutils',
  containerd: 'containerd',
  ctr: 'containerd',
  curl: 'curl',
  'dbus-run-session': 'dbus-daemon',
  fusermount3: 'fuse3',
  getfattr: 'attr',
  gio: 'libglib2.0-bin',
  git: 'git',
  gvfsd: 'gvfs-daemons',
  'gvfsd-dav': 'gvfs-backends',
  litmus: 'litmus',
  'mount.davfs': 'davfs2',
  mmdebstrap: 'mmdebstrap',
  npm: 'npm',
  pg_ctlcluster: 'postgresql',
  podman: 'podman',
  rclone: 'rclone',
  rsync: 'rsync',
  runc: 'runc',
  setfattr: 'attr',
  skopeo: 'skopeo',
  strace: 'strace',
  umoci: 'umoci',
  vi: 'vim-tiny',
  xz: 'xz-utils',
  zstd: 'zstd'
}

/** The package to install for a client, as a person would ask apt for it. */
export function packageOf(client: string): string {
  return packages[client] ?? client
}

/** The full path of a program on PATH (or in sbin and libexec, which a user's PATH may lack), or undefined. */
export function findClient(client: string, path = process.env.PATH ?? ''): string | undefined {
  const folders = [
    ...path.split(delimiter),
    '/usr/local/sbin',
    '/usr/sbin',
    '/sbin',
    '/usr/libexec'
  ]
  return folders
    .filter(folder => folder !== '')
    .map(folder => join(folder, client))
    .find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Why FUSE cannot be tested here, or undefined if the device opens. */
export function fuseLack(device = '/dev/fuse'): string | undefined {
  try {
    closeSync(openSync(device, 'r+'))
    return undefined
  } catch (cause) {
    return `${device} does not open: ${(cause as Error).message}`
  }
}
