import type { CairnError } from '../base/errors.ts'

/** Where a verb's words go: results to standard output, everything else to standard error. */
export interface Terminal {
  /** True if a person sees standard error: bars and colour are fine there. */
  readonly interactive: boolean
  readonly stderr: NodeJS.WriteStream
  /** One line of the result. */
  print: (line: string) => void
  /** One JSON value as a line of the result. */
  printJson: (value: unknown) => void
  /** Bytes of the result; resolves when they are on their way. */
  write: (bytes: Uint8Array) => Promise<void>
  /** A line for the person, not part of the result. */
  note: (line: string) => void
  fail: (error: CairnError, json: boolean) => void
}

/**
 * A reader of the result that left (`cairn cat … | head`) ends the program quietly; one of the notes
 * or the log is done without.
 */
export function openTerminal(process: NodeJS.Process): Terminal {
  const { stdout, stderr } = process
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    stderr.write(`cairn: cannot write the result: ${error.message}\n`)
    process.exit(1)
  })
  stderr.on('error', () => {})
  const note = (line: string) => void stderr.write(`${line}\n`)
  return {
    interactive: stderr.isTTY === true,
    stderr,
    print: line => void stdout.write(`${line}\n`),
    printJson: value => void stdout.write(`${JSON.stringify(value)}\n`),
    write: bytes => new Promise(resolve => stdout.write(bytes, () => resolve())),
    note,
    fail: ({ code, message }, json) =>
      note(json ? JSON.stringify({ error: { code, message } }) : `cairn: ${message}`)
  }
}
