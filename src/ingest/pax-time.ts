import type { Metadata } from '../unixfs/api.ts'

export type Time = Required<Pick<Metadata, 'mtimeSeconds' | 'mtimeNanoseconds'>>

const nanosecondsPerSecond = 1_000_000_000

/** A time as an extended header writes it: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html */
export function formatPaxTime({ mtimeSeconds, mtimeNanoseconds }: Time): string {
  if (mtimeNanoseconds === 0) return String(mtimeSeconds)
  if (mtimeSeconds >= 0) return `${mtimeSeconds}.${fraction(mtimeNanoseconds)}`
  return `-${-mtimeSeconds - 1}.${fraction(nanosecondsPerSecond - mtimeNanoseconds)}`
}

function fraction(nanoseconds: number): string {
  return String(nanoseconds).padStart(9, '0').replace(/0+$/, '')
}

/** The time of an extended header, cut to the nanosecond before it; undefined if it is none. */
export function parsePaxTime(text: string): Time | undefined {
  const [, sign, whole, rest = ''] = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text) ?? []
  if (whole === undefined) return undefined
  const nanoseconds = Number(rest.slice(0, 9).padEnd(9, '0'))
  if (sign !== '-') return { mtimeSeconds: Number(whole), mtimeNanoseconds: nanoseconds }
  const below = nanoseconds === 0 ? 0 : 1
  return {
    mtimeSeconds: 0 - Number(whole) - below,
    mtimeNanoseconds: below * nanosecondsPerSecond - nanoseconds
  }
}
