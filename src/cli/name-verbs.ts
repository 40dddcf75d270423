import type { Command } from 'commander'
import type { Cli, CommonOptions } from './cli.ts'
import { addVerb } from './verb.ts'
import type { FollowVerbOptions } from './verbs/follow.ts'
import type { KeyExportOptions, KeyResealOptions } from './verbs/key.ts'
import type { PublishOptions } from './verbs/publish.ts'

/** key, publish, unpublish, follow, unfollow, follows: names that move. */
export function addNameVerbs(program: Command, cli: Cli): void {
  addKey(program, cli)
  addVerb(program, 'publish', {
    does: 'Gives a folder of /mfs, or a CID, an IPNS name; a folder is published anew after every seal',
    example: 'cairn publish /mfs/site --key site'
  })
    .argument('<what>', 'a path in /mfs, or a CID')
    .option('--key <alias>', 'the key; self is made if there is none', 'self')
    .option('--lifetime <span>', 'how long a record holds unless renewed: 90m, 48h, 30d', '48h')
    .option('--settle', 'go above what another machine published with the key')
    .action(async (what: string, options: PublishOptions) =>
      (await import('./verbs/publish.ts')).publish(cli, what, options)
    )
  addVerb(program, 'unpublish', {
    does: 'Ends publishing with a key; the last record runs out by itself',
    example: 'cairn unpublish site'
  })
    .argument('<key>', 'its alias or name')
    .action(async (key: string, options: CommonOptions) =>
      (await import('./verbs/publish.ts')).unpublish(cli, key, options)
    )
  addFollow(program, cli)
}

function addFollow(program: Command, cli: Cli): void {
  addVerb(program, 'follow', {
    does: "Keeps somebody else's name alive here, and shows it in /ipns",
    example: 'cairn follow k51qzi5uqu5d… --as theirs --pin'
  })
    .argument('<name>', 'the name of a key, or a domain with a DNSLink')
    .option('--as <alias>', 'what it is called here')
    .option('--pin', 'keep all of the content, not only what was read')
    .action(async (name: string, options: FollowVerbOptions) =>
      (await import('./verbs/follow.ts')).follow(cli, name, options)
    )
  addVerb(program, 'unfollow', {
    does: 'Ends following; what was kept is free to go',
    example: 'cairn unfollow theirs'
  })
    .argument('<name...>', 'names or aliases')
    .action(async (names: string[], options: CommonOptions) =>
      (await import('./verbs/follow.ts')).unfollow(cli, names, options)
    )
  addVerb(program, 'resolve', {
    does: 'Prints where a name stands now, without following it',
    example: 'cairn resolve k51qzi5uqu5d…'
  })
    .argument('<name>', 'the name of a key, a domain with a DNSLink, or an alias')
    .action(async (name: string, options: CommonOptions) =>
      (await import('./verbs/resolve.ts')).resolve(cli, name, options)
    )
  addVerb(program, 'follows', {
    does: 'Lists what is followed, where it stands and whether it is stale',
    example: 'cairn follows --json'
  }).action(async (options: CommonOptions) =>
    (await import('./verbs/follow.ts')).follows(cli, options)
  )
}

function addKey(program: Command, cli: Cli): void {
  const key = program
    .command('key')
    .description('Keys that publish: new, ls, import, export, rotate, reseal, rm')
  key.exitOverride()
  addVerb(key, 'new', { does: 'Makes an Ed25519 key', example: 'cairn key new site' })
    .argument('<alias>', 'a-z, 0-9, ".", "_" and "-"')
    .action(async (alias: string, options: CommonOptions) =>
      (await import('./verbs/key.ts')).keyNew(cli, alias, options)
    )
  addVerb(key, 'ls', {
    does: 'Lists the keys, what they publish, and what others published with them',
    example: 'cairn key ls --json'
  }).action(async (options: CommonOptions) =>
    (await import('./verbs/key.ts')).keyList(cli, options)
  )
  addVerb(key, 'import', {
    does: 'Takes a private key in: PKCS#8 in PEM, or the protobuf of libp2p',
    example: 'cairn key import site site.pem'
  })
    .argument('<alias>', 'what it is called here')
    .argument('<file>', 'the key; - is standard input')
    .action(async (alias: string, file: string, options: CommonOptions) =>
      (await import('./verbs/key.ts')).keyImport(cli, alias, file, options)
    )
  addVerb(key, 'export', {
    does: 'Writes a private key in the clear: who has it publishes in your name',
    example: 'cairn key export site -o site.pem'
  })
    .argument('<key>', 'its alias or name')
    .requiredOption('-o, --output <file>', 'a new file, mode 0600; - is standard output')
    .option('--format <form>', 'pem or libp2p', 'pem')
    .action(async (which: string, options: KeyExportOptions) =>
      (await import('./verbs/key.ts')).keyExport(cli, which, options)
    )
  addVerb(key, 'rotate', {
    does: 'Makes a new key that takes the alias over; the old one says so to all who follow it',
    example: 'cairn key rotate site'
  })
    .argument('<key>', 'its alias or name')
    .action(async (which: string, options: CommonOptions) =>
      (await import('./verbs/key.ts')).keyRotate(cli, which, options)
    )
  addVerb(key, 'reseal', {
    does: 'Seals the keys with the passphrase that is set now, or with key.secret if none is',
    example: 'cairn key reseal --from ~/old-passphrase'
  })
    .option('--from <file>', 'holds the passphrase they were sealed with; key.secret else')
    .action(async (options: KeyResealOptions) =>
      (await import('./verbs/key.ts')).keyReseal(cli, options)
    )
  addVerb(key, 'rm', {
    does: 'Removes a key and what it publishes; without an exported copy nobody publishes there again',
    example: 'cairn key rm old-site'
  })
    .argument('<key>', 'its alias or name')
    .action(async (which: string, options: CommonOptions) =>
      (await import('./verbs/key.ts')).keyRemove(cli, which, options)
    )
}
