/** Tags as text, one after the other; with `pretty` each on its line, which is safe because FHIR has no text between them. */
import { escapeAttribute } from './escape.ts'

type Attributes = readonly (readonly [name: string, value: string])[]

export class XmlText {
  private text = '<?xml version="1.0" encoding="UTF-8"?>'
  private depth = 0
  private readonly pretty: boolean

  constructor(pretty: boolean) {
    this.pretty = pretty
  }

  open(name: string, attributes: Attributes): void {
    this.breakLine()
    this.text += `<${name}${attributeText(attributes)}>`
    this.depth++
  }

  close(name: string): void {
    this.depth--
    this.breakLine()
    this.text += `</${name}>`
  }

  empty(name: string, attributes: Attributes): void {
    this.breakLine()
    this.text += `<${name}${attributeText(attributes)}/>`
  }

  /** Markup that is well-formed already. */
  raw(markup: string): void {
    this.breakLine()
    this.text += markup
  }

  finish(): string {
    return this.text
  }

  private breakLine(): void {
    if (this.pretty) this.text += `\n${'  '.repeat(this.depth)}`
  }
}

function attributeText(attributes: Attributes): string {
  let text = ''
  for (const [name, value] of attributes) text += ` ${name}="${escapeAttribute(value)}"`
  return text
}
