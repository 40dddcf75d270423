/** Bounds of what HTTP and XML dates can say: years 1 to 9999. Files may have times beyond. */
const firstMs = Date.parse('0001-01-01T00:00:00Z')
const lastMs = Date.parse('9999-12-31T23:59:59Z')

/** https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7, the nearest it can say. */
export function httpDate(milliseconds: number): string {
  return within(milliseconds).toUTCString()
}

/** https://www.rfc-editor.org/rfc/rfc3339 in whole seconds, the nearest it can say. */
export function isoDate(milliseconds: number): string {
  return `${within(milliseconds).toISOString().slice(0, 19)}Z`
}

function within(milliseconds: number): Date {
  return new Date(Math.min(Math.max(milliseconds, firstMs), lastMs))
}
