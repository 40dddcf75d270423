const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;'
}

/** https://www.w3.org/TR/xml/#charsets, but for lone surrogates, which well-formed text has not. */
const notXml = /[^\t\n\r\u0020-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu

/** Text for an element or a double-quoted attribute; characters XML cannot hold become U+FFFD. */
export function escapeXml(text: string): string {
  if (/^[\w ./:;,%()=+@#-]*$/.test(text)) return text
  return text
    .toWellFormed()
    .replace(notXml, '\ufffd')
    .replace(/[&<>"\r]/g, character => entities[character] ?? '')
}
