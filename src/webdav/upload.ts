import { createHash } from 'node:crypto'
import { escapeXml } from '../base/escape-xml.ts'

/**
 * Puts what a person chose, one file after the other, and asks before it replaces one. A browser sends
 * PUT to its own site only: other sites' pages would have to be let in by a preflight, which nobody
 * answers.
 */
export const uploadScript = `
const form = document.forms[0]
const say = text => { form.querySelector('output').textContent = text }
form.querySelector('input').onchange = async ({ target }) => {
  for (const file of target.files) {
    const url = form.dataset.folder + encodeURIComponent(file.name.normalize('NFC'))
    const put = headers => fetch(url, { method: 'PUT', body: file, headers })
    say(file.name)
    let answer = await put({ 'if-none-match': '*' })
    if (answer.status === 412) {
      if (!confirm(file.name + ' is there: replace it?')) continue
      answer = await put({})
    }
    if (!answer.ok) return say(file.name + ': ' + await answer.text())
  }
  location.reload()
}
`

const scriptHash = createHash('sha256').update(uploadScript).digest('base64')

/** Lets a page run that script, and nothing else. */
export const uploadPolicy = `script-src 'sha256-${scriptHash}'; connect-src 'self'`

/** `folder`: the href of the collection, with a slash at the end. */
export function uploadForm(folder: string): string {
  return `<form data-folder="${escapeXml(folder)}"><label>Upload <input type="file" multiple></label>
<output></output></form><script>${uploadScript}</script>`
}
