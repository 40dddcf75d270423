interface Waiting {
  readonly bytes: number
  readonly begin: () => void
}

/** Memory that many share: who finds none left waits, and the one who waited longest is next. */
export class ByteBudget {
  #left: number
  #waiting: Waiting[] = []

  constructor(bytes: number) {
    this.#left = bytes
  }

  /** Resolves with what gives it back, once so many bytes are left. Throws the signal's reason. */
  async take(bytes: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiting = { bytes, begin: resolve }
    const leave = () => {
      this.#waiting = this.#waiting.filter(each => each !== waiting)
      reject(signal.reason)
      this.#beginNext()
    }
    signal.addEventListener('abort', leave, { once: true })
    this.#waiting.push(waiting)
    this.#beginNext()
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', leave)
    }
    return () => {
      this.#left += bytes
      this.#beginNext()
    }
  }

  #beginNext(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (next.bytes > this.#left) return
      this.#left -= next.bytes
      this.#waiting.shift()
      next.begin()
    }
  }
}
