import { TextDecoder } from 'node:util'
import { type SaxesAttributeNS, SaxesParser } from 'saxes'
import { escapeXml } from '../base/escape-xml.ts'
import { limits } from '../base/limits.ts'
import { bodyOf, type Exchanged } from './body.ts'
import { refuse } from './refuse.ts'

export interface XmlElement {
  readonly space: string
  readonly name: string
  readonly attributes: readonly XmlAttribute[]
  readonly children: Array<XmlElement | string>
}

export interface XmlAttribute {
  readonly space: string
  readonly name: string
  readonly value: string
}

export const davSpace = 'DAV:'

/**
 * The body as XML; undefined if it is empty. Throws a refusal: 413 over `limits.davXmlBytes`, 400
 * for XML that is malformed, too deep, too wide, not UTF-8 or UTF-16, or has a document type: with none there are
 * no entities to expand.
 */
export async function readXml(exchange: Exchanged): Promise<XmlElement | undefined> {
  const length = Number(exchange.request.headers['content-length'] ?? 0)
  if (length > limits.davXmlBytes) throw tooLarge()
  const parser = new BoundedParser()
  let bytes = 0
  let decoder: TextDecoder | undefined
  for await (const chunk of bodyOf(exchange)) {
    bytes += chunk.byteLength
    if (bytes > limits.davXmlBytes) throw tooLarge()
    decoder ??= new TextDecoder(encodingOf(chunk), { fatal: true })
    parser.write(decode(decoder, chunk))
  }
  return bytes === 0 ? undefined : parser.end(decode(decoder))
}

/** https://www.w3.org/TR/xml/#sec-guessing */
function encodingOf([one, two]: Uint8Array): string {
  if ((one === 0xff && two === 0xfe) || (one === 0x3c && two === 0)) return 'utf-16le'
  if ((one === 0xfe && two === 0xff) || (one === 0 && two === 0x3c)) return 'utf-16be'
  return 'utf-8'
}

function decode(decoder: TextDecoder | undefined, chunk?: Uint8Array): string {
  try {
    return decoder?.decode(chunk, { stream: chunk !== undefined }) ?? ''
  } catch {
    throw refuse(400, 'the body is not in the encoding it begins with')
  }
}

function tooLarge() {
  return refuse(413, `an XML body over ${limits.davXmlBytes} bytes`)
}

/** Fails within its handlers, so that what is too much is not parsed to its end. */
class BoundedParser {
  readonly #parser = new SaxesParser({ xmlns: true, position: false })
  readonly #open: XmlElement[] = []
  #root: XmlElement | undefined
  #elements = 0

  constructor() {
    const parser = this.#parser
    parser.on('error', error => {
      throw refuse(400, `the XML is not well-formed: ${error.message.slice(0, 200)}`)
    })
    parser.on('doctype', () => {
      throw refuse(400, 'a document type is not taken')
    })
    parser.on('opentagstart', () => {
      if (++this.#elements > limits.davXmlElements || this.#open.length >= limits.davXmlDepth) {
        throw refuse(400, 'the XML has too many elements, or too deep ones')
      }
    })
    parser.on('opentag', ({ uri, local, attributes }) => {
      this.#enter({ space: uri, name: local, attributes: attributesOf(attributes), children: [] })
    })
    parser.on('closetag', () => this.#open.pop())
    parser.on('text', text => this.#open.at(-1)?.children.push(text))
    parser.on('cdata', text => this.#open.at(-1)?.children.push(text))
  }

  write(text: string): void {
    this.#parser.write(text)
  }

  end(text: string): XmlElement {
    this.#parser.write(text)
    this.#parser.close()
    if (this.#root === undefined) throw refuse(400, 'the XML has no element')
    return this.#root
  }

  /** An answer repeats names and their namespaces for every resource it shows. */
  #enter(element: XmlElement): void {
    const names = [element, ...element.attributes]
    if (names.some(({ space, name }) => space.length + name.length > limits.davXmlName)) {
      throw refuse(400, `the XML has a name or namespace over ${limits.davXmlName} characters`)
    }
    this.#open.at(-1)?.children.push(element)
    this.#root ??= element
    this.#open.push(element)
  }
}

function attributesOf(attributes: Record<string, SaxesAttributeNS>): XmlAttribute[] {
  return Object.values(attributes)
    .filter(({ prefix, name }) => prefix !== 'xmlns' && name !== 'xmlns')
    .map(({ uri, local, value }) => ({ space: uri, name: local, value }))
}

export function elementsOf(element: XmlElement | undefined): XmlElement[] {
  return element?.children.filter(child => typeof child !== 'string') ?? []
}

/** The first child in `DAV:` of a name. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return elementsOf(element).find(child => child.space === davSpace && child.name === name)
}

export function isDav(element: XmlElement, name: string): boolean {
  return element.space === davSpace && element.name === name
}

export function textOf(element: XmlElement): string {
  return element.children.filter(child => typeof child === 'string').join('')
}

const xmlSpace = 'http://www.w3.org/XML/1998/namespace'

/** Its own `xml:lang`, if it has one. */
export function languageOf({ attributes }: XmlElement): XmlAttribute | undefined {
  return attributes.find(({ space, name }) => space === xmlSpace && name === 'lang')
}

/** The element as XML that stands by itself, its namespaces declared; `DAV:` is `D`, declared above. */
export function serialize(element: XmlElement): string {
  const content = element.children
    .map(child => (typeof child === 'string' ? escapeXml(child) : serialize(child)))
    .join('')
  const attributes = element.attributes.map(serializeAttribute).join('')
  return wrap(element, content, attributes)
}

/** An element of a name with content that is XML already. */
export function wrap(
  { space, name }: Pick<XmlElement, 'space' | 'name'>,
  content: string,
  attributes = ''
): string {
  const [tag, declaration] = tagOf(space, name)
  const opening = `${tag}${declaration}${attributes}`
  return content === '' ? `<${opening}/>` : `<${opening}>${content}</${tag}>`
}

/** The tags around content, as `wrap` sets them. */
export function tagsAround({ space, name }: Pick<XmlElement, 'space' | 'name'>): [string, string] {
  const [tag, declaration] = tagOf(space, name)
  return [`<${tag}${declaration}>`, `</${tag}>`]
}

function tagOf(space: string, name: string): [string, string] {
  if (space === davSpace) return [`D:${name}`, '']
  if (space === '') return [name, ' xmlns=""']
  return [`N:${name}`, ` xmlns:N="${escapeXml(space)}"`]
}

function serializeAttribute({ space, name, value }: XmlAttribute, index: number): string {
  const text = escapeXml(value).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')
  if (space === '') return ` ${name}="${text}"`
  if (space === xmlSpace) return ` xml:${name}="${text}"`
  return ` A${index}:${name}="${text}" xmlns:A${index}="${escapeXml(space)}"`
}
