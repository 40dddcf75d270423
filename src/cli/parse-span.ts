import { CairnError } from '../base/errors.ts'

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A span as people write it (`90m`, `48h`), in milliseconds. Throws `usage`, naming the option. */
export function parseSpan(option: string, text: string, leastMs: number, mostMs: number): number {
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  const ms = Number(count) * (units[unit] ?? Number.NaN)
  if (ms >= leastMs && ms <= mostMs) return ms
  const [least, most] = [leastMs / 60_000, mostMs / 86_400_000]
  throw new CairnError(
    'usage',
    `${option} ${JSON.stringify(text.slice(0, 40))}: give ${least}m to ${most}d, with s, m, h or d`
  )
}
