/** Vocabulary on coded elements: the translation goes first, what the sender wrote stays behind it. */
import { codeIn, type Code, type Vocabulary } from '../program.ts'
import { v2TableUri } from './systems.ts'
import { fieldOf, leafAt, makeObject, objectsIn, setText, textAt, type Obj } from './tree.ts'

interface Translation {
  readonly node: Obj
  readonly type: string
  readonly vocabulary: Vocabulary
  readonly row: string
  readonly warn: (code: string, about: string) => void
}

export function translate({ node, type, vocabulary, row, warn }: Translation): void {
  if (type === 'Coding') {
    const code = textAt(node, 'code')
    const found = code === undefined ? undefined : codeIn(vocabulary, code)
    if (found) overwrite(node, found, row)
    else if (code !== undefined) warn('code-unmapped', vocabulary.name)
    return
  }
  if (type !== 'CodeableConcept') return
  const coding = objectsIn(node, 'coding').find((each) => textAt(each, 'code') !== undefined)
  const code = coding && textAt(coding, 'code')
  if (!coding || code === undefined) return
  const system = textAt(coding, 'system')
  if (system !== undefined && !/\/v2-\d{4}$|^urn:passerelle:/.test(system)) return
  const found = codeIn(vocabulary, code)
  if (!found) {
    warn('code-unmapped', vocabulary.name)
    return
  }
  if (system === undefined && found.code !== code && found.table !== '') {
    setText(coding, 'system', v2TableUri(found.table), row)
  }
  const isSame = found.code === code && (system === undefined || found.system === system)
  if (isSame || found.system === '') {
    if (found.system !== '') overwriteMissing(coding, found, row)
    return
  }
  const translated = makeObject('Coding')
  overwrite(translated, found, row)
  const field = fieldOf(node, 'coding', true)
  const behind = [...field.items]
  field.items.clear()
  field.items.set(`translated/${field.items.size}`, translated)
  for (const [key, item] of behind) field.items.set(key, item)
}

function overwrite(coding: Obj, { code, system, display }: Code, row: string): void {
  setText(coding, 'code', code, row)
  if (system !== '') setText(coding, 'system', system, row)
  if (display !== '') setText(coding, 'display', display, row)
}

function overwriteMissing(coding: Obj, found: Code, row: string): void {
  setText(coding, 'code', found.code, row)
  setText(coding, 'system', found.system, row)
  const display = leafAt({ parent: coding, name: 'display', list: false, primitive: true, key: '' })
  if (display.json === undefined && found.display !== '') setText(coding, 'display', found.display, row)
}
