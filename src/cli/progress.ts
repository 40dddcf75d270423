import type { Clock } from '../base/clock.ts'
import { showBytes, showCount } from '../base/show-units.ts'
import type { Terminal } from './terminal.ts'

/** Work done so far; what is to be done where that is known. */
export interface Work {
  readonly things: number
  readonly totalThings?: number | undefined
  readonly bytes?: number
  readonly totalBytes?: number | undefined
}

export interface ProgressBar {
  update: (work: Work) => void
  stop: () => void
}

/** Where nobody watches, a line at most so often. */
const lineEveryMs = 5_000

/** A bar on a terminal, lines from time to time elsewhere; both on standard error. */
export async function openProgress(
  terminal: Terminal,
  doing: string,
  unit: 'file' | 'block',
  clock: Clock
): Promise<ProgressBar> {
  const show = (work: Work) => showWork(work, unit)
  return terminal.interactive
    ? openBar(terminal, doing, show)
    : openLines(terminal, doing, show, clock)
}

type Show = (work: Work) => string

async function openBar(terminal: Terminal, doing: string, show: Show): Promise<ProgressBar> {
  const { SingleBar } = await import('cli-progress')
  const bar = new SingleBar({
    format: `${doing} {bar} {done}`,
    stream: terminal.stderr,
    clearOnComplete: true,
    noTTYOutput: false,
    fps: 8
  })
  bar.start(1, 0, { done: '' })
  return {
    update: work => bar.update(fraction(work), { done: show(work) }),
    stop: () => bar.stop()
  }
}

function openLines(terminal: Terminal, doing: string, show: Show, clock: Clock): ProgressBar {
  let nextMs = clock.nowMs() + lineEveryMs
  return {
    update: work => {
      if (clock.nowMs() < nextMs) return
      nextMs = clock.nowMs() + lineEveryMs
      terminal.note(`${doing}: ${show(work)}`)
    },
    stop: () => {}
  }
}

function fraction({ things, bytes, totalThings, totalBytes }: Work): number {
  if (totalBytes !== undefined) return totalBytes === 0 ? 1 : (bytes ?? 0) / totalBytes
  return totalThings === undefined || totalThings === 0 ? 0 : things / totalThings
}

function showWork({ things, bytes, totalThings, totalBytes }: Work, unit: string): string {
  const count =
    totalThings === undefined
      ? showCount(things, unit)
      : `${things} of ${showCount(totalThings, unit)}`
  if (bytes === undefined) return count
  const size = showBytes(bytes)
  return `${count}, ${totalBytes === undefined ? size : `${size} of ${showBytes(totalBytes)}`}`
}
