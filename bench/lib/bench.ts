import type { Cost } from './cost.ts'

/** A comparison that `./scripts/bench NAME` runs: each file of bench/ exports one as `bench`. */
export interface Bench {
  /** What it shows, for the table's heading. */
  readonly title: string
  readonly run: (room: Room) => Promise<Row[]>
}

/** Where a bench works. All of it goes away afterwards. */
export interface Room {
  /** True for a quick trial with little data: its numbers say nothing. */
  readonly small: boolean
  /** Rounds of each contender; the median counts. */
  readonly rounds: number
  /** A new folder on the machine's disk. */
  readonly disk: (name: string) => string
  /** A new folder on a tmpfs. */
  readonly memory: (name: string) => string
  /** Runs `undo` when the bench ends, however it ends; the latest first. */
  readonly afterwards: (undo: () => void | Promise<void>) => void
  readonly say: (text: string) => void
}

/** One line of the table. */
export interface Row {
  readonly what: string
  readonly cairn: string
  readonly peer: string
  readonly ratio: string
  readonly bar: string
  /** Undefined where there is nothing to compare with. */
  readonly met: boolean | undefined
}

export interface Comparison {
  readonly what: string
  readonly cairn: Cost
  /** Undefined if the peer is not installed. */
  readonly peer: Cost | undefined
  readonly peerName: string
  /** Cairn's part may be at most this many times the peer's; without `atMost` nothing was promised. */
  readonly bar: { readonly of: 'wall' | 'cpu'; readonly atMost?: number }
}

/** A line that compares two costs by one of their parts and shows both. */
export function compared({ what, cairn, peer, peerName, bar }: Comparison): Row {
  const { of, atMost } = bar
  const promised = atMost === undefined ? '' : `${of} at most ${atMost} times`
  if (peer === undefined) {
    return {
      what,
      cairn: costText(cairn),
      peer: `${peerName} IS NOT INSTALLED`,
      ratio: '',
      bar: promised,
      met: undefined
    }
  }
  const ratio = partOf(cairn, of) / partOf(peer, of)
  return {
    what,
    cairn: costText(cairn),
    peer: `${peerName} ${costText(peer)}`,
    ratio: `${of} ${ratio.toFixed(2)}`,
    bar: promised,
    met: atMost === undefined ? undefined : ratio <= atMost
  }
}

/** A line that holds one number against a bound. */
export function bounded(what: string, value: number, unit: string, atMost: number): Row {
  return {
    what,
    cairn: `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`,
    peer: '',
    ratio: '',
    bar: `under ${atMost} ${unit}`,
    met: value < atMost
  }
}

/** A line that nothing was promised for. */
export function noted(what: string, value: string): Row {
  return { what, cairn: value, peer: '', ratio: '', bar: '', met: undefined }
}

function partOf(cost: Cost, part: 'wall' | 'cpu'): number {
  return part === 'wall' ? cost.wallSeconds : cost.cpuSeconds
}

function costText(cost: Cost): string {
  return `${seconds(cost.wallSeconds)} wall, ${seconds(cost.cpuSeconds)} CPU`
}

function seconds(value: number): string {
  return `${value < 10 ? value.toFixed(3) : value.toFixed(1)} s`
}
