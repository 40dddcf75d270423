import { CairnError } from '../base/errors.ts'

/** A refusal whose status is not its error code's: https://specs.ipfs.tech/http-gateways/trustless-gateway/#response-status-codes */
export class Refusal extends CairnError {
  readonly status: 400 | 404 | 405 | 406 | 412

  constructor(status: Refusal['status'], message: string) {
    super(status === 404 ? 'not-found' : 'invalid', message)
    this.status = status
  }
}
