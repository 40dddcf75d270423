import { CairnError } from '../base/errors.ts'

const switchedOff = 'switched off'

/** For an upstream that an operator has not asked: nothing is wrong with it. */
export function notAsked(message: string): CairnError {
  return new CairnError('upstream', message, { cause: switchedOff })
}

export function isNotAsked({ cause }: CairnError): boolean {
  return cause === switchedOff
}
