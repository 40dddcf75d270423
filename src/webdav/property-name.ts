import type { PropertyName } from './dead-properties.ts'
import type { XmlElement } from './xml.ts'

/** Of an element of `DAV:prop`. */
export function nameOf({ space, name }: XmlElement): PropertyName {
  return { space, name }
}
