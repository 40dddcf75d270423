import { gioUrl } from './map-drive.ts'

/** Where the drive is. */
export interface DriveAddresses {
  /** For this machine, with a slash at the end. */
  readonly here: string
  /** For others, by TLS and with a password; undefined if nothing is shared. */
  readonly shared: string | undefined
  /** SHA-256 of the certificate that the daemon showed; undefined while none runs. */
  readonly fingerprint: string | undefined
}

/** What to do on one system. */
export interface DriveSteps {
  readonly system: string
  readonly steps: readonly string[]
}

/** How each system maps the drive: what can be typed is to be typed as it stands. */
export function driveSteps(addresses: DriveAddresses): DriveSteps[] {
  const url = addresses.shared ?? addresses.here
  return [
    { system: 'Linux, as root (davfs2)', steps: davfsSteps(addresses) },
    { system: 'Linux, GNOME', steps: [`gio mount ${gioUrl(url)}`] },
    { system: 'Linux, KDE', steps: [`dolphin ${url.replace(/^http/, 'webdav')}`] },
    { system: 'macOS', steps: [`Finder: Go, Connect to Server, ${url}`] },
    { system: 'Windows', steps: windowsSteps(url) },
    {
      system: 'rclone',
      steps: [`rclone lsd :webdav: --webdav-url ${url} --webdav-vendor owncloud`]
    },
    ...(addresses.shared === undefined ? [] : [{ system: 'iOS, Android', steps: [phone(url)] }])
  ]
}

/** Its own buffer is too small for the listings that newer kernels ask for. */
function davfsSteps({ here, shared }: DriveAddresses): string[] {
  return [
    'on this machine: cairn setup dav --mount /mnt',
    'by hand, once: echo buf_size 64 >> /etc/davfs2/davfs2.conf',
    `  mount -t davfs ${shared ?? here} /mnt`
  ]
}

/** Windows asks for its certificate's trust and refuses passwords without TLS; its limit is 50 MB. */
function windowsSteps(url: string): string[] {
  const parameters = 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\WebClient\\Parameters'
  return [
    `net use * ${url.replace(/\/$/, '')}`,
    'files over 50,000,000 bytes, once, as administrator:',
    `  reg add ${parameters} /v FileSizeLimitInBytes /t REG_DWORD /d 0xffffffff /f`,
    '  net stop WebClient && net start WebClient'
  ]
}

function phone(url: string): string {
  return `in an app that opens WebDAV, ${url}`
}
