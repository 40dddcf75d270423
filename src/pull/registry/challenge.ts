/** What a registry that answers 401 wants: https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1 */
export type Challenge =
  | { readonly scheme: 'basic' }
  | {
      readonly scheme: 'bearer'
      readonly realm: string
      readonly service: string | undefined
      readonly scope: string | undefined
    }

/**
 * The first challenge that can be answered, of a `WWW-Authenticate` header; bearer goes before
 * basic. https://distribution.github.io/distribution/spec/auth/token/
 */
export function readChallenge(header: string): Challenge | undefined {
  const found = [...challenges(header.slice(0, 8192))]
  return found.find(each => each.scheme === 'bearer') ?? found[0]
}

const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/.source
const parameter = new RegExp(`^\\s*,?\\s*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))`)

function* challenges(header: string): Generator<Challenge> {
  let rest = header
  for (;;) {
    const [whole, scheme] = new RegExp(`^[\\s,]*(${token})(?=\\s|,|$)`).exec(rest) ?? []
    if (whole === undefined || scheme === undefined) return
    rest = rest.slice(whole.length)
    const parameters = new Map<string, string>()
    for (let match = parameter.exec(rest); match !== null; match = parameter.exec(rest)) {
      const [text, name = '', quoted, plain] = match
      parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '')
      rest = rest.slice(text.length)
    }
    const challenge = challengeOf(scheme, parameters)
    if (challenge !== undefined) yield challenge
  }
}

function challengeOf(
  scheme: string,
  parameters: ReadonlyMap<string, string>
): Challenge | undefined {
  if (/^basic$/i.test(scheme)) return { scheme: 'basic' }
  const realm = parameters.get('realm')
  if (!/^bearer$/i.test(scheme) || realm === undefined) return undefined
  return {
    scheme: 'bearer',
    realm,
    service: parameters.get('service'),
    scope: parameters.get('scope')
  }
}
