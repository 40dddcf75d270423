/** Bounds of what HTTP and XML dates can say: years 1 to 9999. Files may have times beyond. */
const firstMs = Date.parse('0001-01-01T00:00:00Z')
const lastMs = Date.parse('9999-12-31T23:59:59Z')
const dayMs = 86_400_000

/** Two digits each. */
const digits = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'))

/** Dates as text. Files of a folder share days, so the day's part is made once and kept. */
export class Dates {
  #day = Number.NaN
  #http = ''
  #iso = ''

  /** https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7, the nearest it can say. */
  http(milliseconds: number): string {
    const time = this.#turnTo(milliseconds)
    return `${this.#http} ${time} GMT`
  }

  /** https://www.rfc-editor.org/rfc/rfc3339 in whole seconds, the nearest it can say. */
  iso(milliseconds: number): string {
    const time = this.#turnTo(milliseconds)
    return `${this.#iso}T${time}Z`
  }

  /** Returns the time of the day. */
  #turnTo(milliseconds: number): string {
    const within = Math.min(Math.max(milliseconds, firstMs), lastMs)
    const day = Math.floor(within / dayMs)
    if (day !== this.#day) {
      const date = new Date(day * dayMs)
      this.#day = day
      this.#http = date.toUTCString().slice(0, -' 00:00:00 GMT'.length)
      this.#iso = date.toISOString().slice(0, 'yyyy-mm-dd'.length)
    }
    const seconds = Math.floor((within - day * dayMs) / 1000)
    const minutes = Math.floor(seconds / 60)
    return `${digits[Math.floor(minutes / 60)]}:${digits[minutes % 60]}:${digits[seconds % 60]}`
  }
}
