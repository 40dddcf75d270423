import { join } from 'node:path'
import { mirrorListFolder } from './mirror-lists.ts'

/** The files that `cairn setup apt` writes, and `--undo` removes; no other file of apt is touched. */
export interface AptFiles {
  /** The one setting of apt. */
  readonly settings: string
  /** What that setting has apt run: says whether Cairn is there. */
  readonly detector: string
  /** The folder of the lists that `--mirror-lists` writes. */
  readonly mirrorLists: string
}

/** As the system that apt belongs to sees it. */
const detectorPath = 'usr/local/lib/cairn/apt-proxy'

export function aptFiles(root: string): AptFiles {
  return {
    settings: join(root, 'etc/apt/apt.conf.d/95cairn'),
    detector: join(root, detectorPath),
    mirrorLists: mirrorListFolder(root)
  }
}

/** https://manpages.debian.org/bookworm/apt/apt-transport-http.1 (Acquire::http::Proxy-Auto-Detect) */
export function settingsText(): string {
  return `// Written by \`cairn setup apt\`; \`cairn setup apt --undo\` removes it.
// apt asks this program for each host: through Cairn while it runs, else directly.
Acquire::http::Proxy-Auto-Detect "/${detectorPath}";
`
}

/**
 * A program for apt, in the perl that is part of every Debian: prints the proxy for one of `hosts`
 * when something listens at `address`, else DIRECT, so that apt works when Cairn does not.
 */
export function detectorText(address: string, hosts: readonly string[]): string {
  const quoted = hosts.map(host => `'${host.replace(/[^a-z0-9.:[\]-]/gi, '')}' => 1`).join(', ')
  return `#!/usr/bin/perl
# Written by \`cairn setup apt\`; \`cairn setup apt --undo\` removes it.
use strict;
use IO::Socket::IP;
my $address = '${address}';
my %hosts = (${quoted});
my ($host) = (shift // '') =~ m{^http://([^/]+)};
my $here = defined $host && $hosts{$host} && IO::Socket::IP->new(PeerAddr => $address, Timeout => 1);
print $here ? "http://$address" : 'DIRECT', "\\n";
`
}
