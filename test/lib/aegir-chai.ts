import * as chai from 'chai'
import chaiAsPromised from 'chai-as-promised'

/**
 * Stands in for `aegir/chai`, whose package brings a browser test runner along: chai with promises,
 * and `to.be.true()` called as a function, which is how the suites for IPFS blockstores assert.
 */
chai.use(chaiAsPromised)
chai.use(({ Assertion }) => {
  const calls: ReadonlyArray<readonly [string, (value: unknown) => boolean]> = [
    ['true', value => value === true],
    ['false', value => value === false],
    ['ok', value => Boolean(value)]
  ]
  for (const [name, holds] of calls) {
    Assertion.overwriteProperty(
      name,
      () =>
        function (this: Chai.AssertionPrototype) {
          return () => this.assert(holds(this._obj), `expected #{this} to be ${name}`, '', true)
        }
    )
  }
})

export const expect = chai.expect
