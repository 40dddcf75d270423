import { CairnError } from '../../../src/base/errors.ts'
import { unpackDeb } from '../unpack-deb.ts'

/** What a binary package says of itself. */
export interface Control {
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** The source package it was built from. */
  readonly source: string
  /** All fields, as they stand, without an empty line; ends with a line feed. */
  readonly text: string
}

/** Longer than any control file. */
const controlBytes = 1024 * 1024

/** Fields that an archive gives, not a package. */
const archiveFields = /^(filename|size|md5sum|sha1|sha256|sha512)$/i

/**
 * The control file of a package. Throws `invalid` for what is no package, or one without a name,
 * version or architecture that an archive can have.
 * https://www.debian.org/doc/debian-policy/ch-controlfields.html#binary-package-control-files-debian-control
 */
export async function readControl(archive: AsyncIterable<Uint8Array>): Promise<Control> {
  for await (const { path, content } of unpackDeb(archive)) {
    if (path !== 'DEBIAN/control' || content === undefined) continue
    const pieces: Buffer[] = []
    let bytes = 0
    for await (const piece of content) {
      bytes += piece.length
      if (bytes > controlBytes) throw new CairnError('invalid', 'its control file is too long')
      pieces.push(Buffer.from(piece))
    }
    return parseControl(Buffer.concat(pieces).toString('utf8'))
  }
  throw new CairnError('invalid', 'a package without a control file')
}

export function parseControl(text: string): Control {
  const fields = splitFields(text).filter(([name]) => !archiveFields.test(name))
  const fieldOf = (wanted: string): string =>
    fields.find(([name]) => name.toLowerCase() === wanted)?.[1].trim() ?? ''
  const name = check('Package', fieldOf('package'), /^[a-z0-9][a-z0-9+.-]{0,200}$/)
  return {
    name,
    version: check('Version', fieldOf('version'), /^[0-9][0-9A-Za-z.+:~-]{0,200}$/),
    architecture: check('Architecture', fieldOf('architecture'), /^[a-z0-9][a-z0-9-]{0,60}$/),
    source: /^[a-z0-9][a-z0-9+.-]{0,200}/.exec(fieldOf('source'))?.[0] ?? name,
    text: fields.map(([field, value]) => `${field}:${value}\n`).join('')
  }
}

/** Name and value, the value with its continuation lines and the space before it. */
function splitFields(text: string): Array<readonly [string, string]> {
  const fields: Array<[string, string]> = []
  for (const line of text.replaceAll('\r\n', '\n').split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const last = fields.at(-1)
    const field = /^([!-9;-~]+):(.*)$/.exec(line)
    if (/^[ \t]/.test(line) && last !== undefined) last[1] += `\n${line}`
    else if (field?.[1] !== undefined) fields.push([field[1], field[2] ?? ''])
    else throw new CairnError('invalid', `${JSON.stringify(line.slice(0, 80))} is no control field`)
  }
  return fields
}

function check(field: string, value: string, form: RegExp): string {
  if (form.test(value)) return value
  throw new CairnError('invalid', `its control file says ${field}: ${JSON.stringify(value)}`)
}
