import { escapeXml } from './escape-xml.ts'

/** The pages that this program shows in a browser: plain, for phones and dark screens too, and without foreign parts. */
export const pageStyle = `:root{color-scheme:light dark}
body{font:15px/1.6 system-ui,sans-serif;margin:2em auto;max-width:60em;padding:0 1em}
h1{font-size:1.3em;overflow-wrap:anywhere}h2{font-size:1em;margin:1.5em 0 .3em}
table{width:100%;border-spacing:0}tr:hover{background:#8882}th{text-align:left;font-weight:600}
td,th{padding:.1em 0}a{text-decoration:none}a:hover,a:focus{text-decoration:underline}`

/** The Content-Security-Policy of such a page: it runs nothing, loads nothing, sends nothing and is framed by nobody. */
export const pagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** All that stands above a page's content. `style`: CSS besides `pageStyle`; `heading`: HTML, else the title. */
export function pageHead(
  title: string,
  { style = '', heading = escapeXml(title) }: { readonly style?: string; readonly heading?: string }
): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>${escapeXml(title)}</title>
<style>${pageStyle}${style}</style><h1>${heading}</h1>`
}
