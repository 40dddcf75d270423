import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * An operation that writes blocks before any row names them. What it wrote is kept from collection
 * until it ends; whoever writes outside of one keeps everything from its first block on until its store is closed.
 */
export class Operation {
  readonly parent: Operation | undefined
  #ended = false
  #callbacks: Array<() => void> = []

  constructor(parent: Operation | undefined) {
    this.parent = parent
  }

  get ended(): boolean {
    return this.#ended
  }

  onEnd(callback: () => void): void {
    this.#callbacks.push(callback)
  }

  end(): void {
    this.#ended = true
    for (const callback of this.#callbacks.splice(0)) callback()
  }
}

const operations = new AsyncLocalStorage<Operation>()

/**
 * Runs `work` as an operation: all it writes has its name in the database, committed, when its promise
 * settles, or is wanted by nobody. Work begun within that outlives it is to be an operation of its own.
 */
export async function holding<T>(work: () => Promise<T>): Promise<T> {
  const operation = new Operation(operations.getStore())
  try {
    return await operations.run(operation, work)
  } finally {
    operation.end()
  }
}

/** The operation that the caller runs in. */
export function currentOperation(): Operation | undefined {
  return operations.getStore()
}
