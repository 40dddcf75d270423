import { CairnError } from '../base/errors.ts'
import { type Name, nameText, toName } from '../base/names.ts'
import type { Attributes, Ino, Tree } from '../vfs/api.ts'
import type { Hold } from './hold.ts'

/**
 * Names that look alike: systems write `ä` as one character (NFC) or as two (NFD), and ask for it in
 * their form whatever form it was listed in. https://www.unicode.org/reports/tr15/
 */
export function otherForms(name: Name): Name[] {
  const text = textOf(name)
  if (text === undefined) return []
  const forms = [text.normalize('NFC'), text.normalize('NFD')]
  return forms.filter(form => form !== text).flatMap(orNothing)
}

/** The name as one key for both forms. */
export function composed(name: Name): Name {
  const [form = name] = orNothing(textOf(name)?.normalize('NFC') ?? '')
  return form
}

/** Undefined for names that have one form only: ASCII, or not UTF-8. */
function textOf(name: Name): string | undefined {
  if (/^[\x20-\x7e]*$/.test(name)) return undefined
  const text = nameText(name)
  return text.includes('\ufffd') ? undefined : text
}

/** A name may be short enough in one form only. */
function orNothing(text: string): Name[] {
  try {
    return [toName(text)]
  } catch (error) {
    if (error instanceof CairnError) return []
    throw error
  }
}

/** An entry of that very name, else of one that looks alike. Throws as `lookup`. */
export function lookupAlike(hold: Hold, tree: Tree, parent: Ino, name: Name): Attributes {
  return hold.lookup(tree, parent, nameThere(tree, parent, name) ?? name)
}

/** What the entry is called that a name stands for; undefined if there is none. */
export function nameThere(tree: Tree, parent: Ino, name: Name): Name | undefined {
  const forms = otherForms(name)
  if (forms.length === 0) return name
  return [name, ...forms].find(form => isThere(tree, parent, form))
}

function isThere(tree: Tree, parent: Ino, name: Name): boolean {
  try {
    tree.forget(tree.lookup(parent, name).ino, 1)
    return true
  } catch (error) {
    if (error instanceof CairnError && error.code === 'not-found') return false
    throw error
  }
}
