import { type ErrorCode, errorCodes } from '../base/errors.ts'

/** What each error is as an exit status: 2 when the command line is to be changed, else 1. */
export const exitStatus = Object.fromEntries(
  errorCodes.map(code => [code, code === 'usage' ? 2 : 1])
) as Readonly<Record<ErrorCode, 1 | 2>>
