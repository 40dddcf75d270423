/**
 * Below zero if `a` is older than `b`, above if newer.
 * https://www.debian.org/doc/debian-policy/ch-controlfields.html#version
 */
export function compareVersions(a: string, b: string): number {
  const [first, second] = [splitVersion(a), splitVersion(b)]
  return (
    first.epoch - second.epoch ||
    comparePart(first.upstream, second.upstream) ||
    comparePart(first.revision, second.revision)
  )
}

function splitVersion(version: string): { epoch: number; upstream: string; revision: string } {
  const colon = version.indexOf(':')
  const rest = version.slice(colon + 1)
  const dash = rest.lastIndexOf('-')
  return {
    epoch: colon < 0 ? 0 : Number.parseInt(version.slice(0, colon), 10) || 0,
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1)
  }
}

/** Text and numbers by turns; `~` sorts before the end, letters before all other characters. */
function comparePart(a: string, b: string): number {
  let [left, right] = [a, b]
  while (left !== '' || right !== '') {
    const [texts, numbers] = [/^\D*/, /^\d*/]
    const [leftText, rightText] = [texts.exec(left)?.[0] ?? '', texts.exec(right)?.[0] ?? '']
    const byText = compareText(leftText, rightText)
    if (byText !== 0) return byText
    left = left.slice(leftText.length)
    right = right.slice(rightText.length)
    const [leftNumber, rightNumber] = [
      numbers.exec(left)?.[0] ?? '',
      numbers.exec(right)?.[0] ?? ''
    ]
    const byNumber = Number(leftNumber) - Number(rightNumber)
    if (byNumber !== 0) return byNumber
    left = left.slice(leftNumber.length)
    right = right.slice(rightNumber.length)
  }
  return 0
}

function compareText(a: string, b: string): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = order(a[index]) - order(b[index])
    if (difference !== 0) return difference
  }
  return 0
}

function order(character: string | undefined): number {
  if (character === '~') return -1
  if (character === undefined) return 0
  const code = character.charCodeAt(0)
  return /[A-Za-z]/.test(character) ? code : code + 256
}
