/**
 * The tables of this suite are text, so that a row reads as what it says:
 *
 *     other: @owner a=open file O_RDWR|O_CREAT 0644 -> EACCES|tmpfs:ok
 *
 * In order: the process that calls (`one` unless named), the user it becomes (root), the name of the
 * descriptor it gets, the call with its arguments, and what is expected: `ok`, a value, or the name
 * of an errno; after a bar, what is expected of the subjects named instead. A line without `->` sets
 * the stage and must not fail. `#` begins a comment.
 */
export interface Line {
  readonly text: string
  readonly process: string
  readonly command: Command
  /** Undefined where the line only sets the stage. */
  readonly expected: Expected | undefined
}

export interface Command {
  readonly user: string
  readonly register: string | undefined
  readonly call: string
  /** Bytes, one character each (latin1). */
  readonly args: readonly string[]
}

/** The answer expected, by the name of the subject; `''` of all others. */
export type Expected = ReadonlyMap<string, string>

const linePattern = /^(?:(\w+): )?(?:@(\w+) )?(?:(\w+)=)?(\S+)(?: (.*))?$/

/** The lines of a table. Throws on one that says nothing. */
export function parseLines(text: string): Line[] {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(parseLine)
}

function parseLine(text: string): Line {
  const [call = '', expected] = text.split(/\s+->\s+/)
  const parts = linePattern.exec(call.replaceAll(/\s+/g, ' '))
  if (parts === null) throw new Error(`a line that says nothing: ${text}`)
  const [, process = 'one', user = 'root', register, name = '', args = ''] = parts
  return {
    text,
    process,
    command: { user, register, call: name, args: args.split(' ').filter(Boolean).map(decode) },
    expected: expected === undefined ? undefined : parseExpected(expected)
  }
}

/** `EPERM|tmpfs:ok|tree,mount:EIO` */
export function parseExpected(text: string): Expected {
  const [common = '', ...variants] = text.split('|')
  const expected = new Map([['', common.trim()]])
  for (const variant of variants) {
    const cut = variant.indexOf(':')
    for (const subject of variant.slice(0, cut).split(',')) {
      expected.set(subject.trim(), variant.slice(cut + 1).trim())
    }
  }
  return expected
}

export function expectedOf(expected: Expected, subject: string): string {
  return expected.get(subject) ?? expected.get('') ?? ''
}

/** `''` is nothing, `\xff` a byte, `<ab*3>` is `ababab`; text is UTF-8. */
export function decode(token: string): string {
  if (token === "''") return ''
  return Buffer.from(token, 'utf8')
    .toString('latin1')
    .replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number(`0x${hex}`)))
    .replaceAll(/<([^<>*]*)\*(\d+)>/g, (_, bytes: string, count: string) =>
      bytes.repeat(Number(count))
    )
}

/** The inverse of `decode`: what it cannot show plainly as escapes, runs of a byte as such. */
export function encode(bytes: string): string {
  if (bytes === '') return "''"
  return bytes.replaceAll(/([\s\S])\1{8,}|[^!-~]|[\\<|]/g, (run, repeated?: string) =>
    repeated === undefined ? escaped(run) : `<${escaped(repeated)}*${run.length}>`
  )
}

function escaped(byte: string): string {
  if (/[!-;=-[\]-{}~]/.test(byte)) return byte
  return `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`
}
