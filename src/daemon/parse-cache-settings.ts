import { SettingError } from './setting-error.ts'

const units: Readonly<Record<string, number>> = {
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40
}

/** Bytes, as `500M`, `50G` or `2T`; `none` for no bound. */
export function parseBudget(value: unknown): number | undefined {
  if (value === 'none') return undefined
  const [, number, unit = ''] = /^(\d{1,7})([MGT])$/.exec(String(value)) ?? []
  const bytes = Number(number) * (units[unit] ?? Number.NaN)
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes
  throw new SettingError(`${JSON.stringify(value)} is no budget: write 500M, 50G or none`)
}
