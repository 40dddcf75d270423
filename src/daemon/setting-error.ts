/** A value that a setting refuses. `keys` lead to the part of the value that is wrong. */
export class SettingError extends Error {
  readonly keys: readonly string[]

  constructor(message: string, keys: readonly string[] = []) {
    super(message)
    this.name = 'SettingError'
    this.keys = keys
  }
}
