import { createHash } from 'node:crypto'
import { escapeXml } from '../base/escape-xml.ts'

/**
 * Puts what a person chose or dropped, one file after the other, and asks before it replaces one. What
 * failed is said at the end, the others are there all the same. A browser sends PUT to its own site
 * only: other sites' pages would have to be let in by a preflight, which nobody answers.
 */
export const uploadScript = `
const form = document.forms[0]
const input = form.querySelector('input')
const say = text => { form.querySelector('output').textContent = text }
form.hidden = false
const send = async file => {
  const url = form.dataset.folder + encodeURIComponent(file.name.normalize('NFC'))
  const put = headers => fetch(url, { method: 'PUT', body: file, headers })
  let answer = await put({ 'if-none-match': '*' })
  if (answer.status === 412) {
    if (!confirm(file.name + ' is there: replace it?')) return
    answer = await put({})
  }
  if (answer.ok) return
  const text = await answer.text()
  return /<C:message[^>]*>([^<]*)/.exec(text)?.[1] ?? text.trim()
}
const upload = async files => {
  const failed = []
  input.disabled = true
  for (const [index, file] of files.entries()) {
    say('Uploading ' + (index + 1) + ' of ' + files.length + ': ' + file.name)
    const why = await send(file).catch(error => error.message)
    if (why !== undefined) failed.push(file.name + ': ' + why)
  }
  input.disabled = false
  if (failed.length === 0) return location.reload()
  say(failed.join('\\n'))
}
input.onchange = ({ target }) => upload([...target.files])
document.ondragover = event => event.preventDefault()
document.ondrop = event => {
  event.preventDefault()
  if (!input.disabled) return upload([...event.dataTransfer.files])
}
`

const scriptHash = createHash('sha256').update(uploadScript).digest('base64')

/** Lets a page run that script, and nothing else. */
export const uploadPolicy = `script-src 'sha256-${scriptHash}'; connect-src 'self'`

/** `folder`: the href of the collection, with a slash at the end. */
export function uploadForm(folder: string): string {
  return `<form hidden data-folder="${escapeXml(folder)}"><label>Upload, or drop files here <input type="file" multiple></label>
<output></output></form><script>${uploadScript}</script>`
}
