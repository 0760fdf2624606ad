/** How the elements of each type stand in XML: in what order, and which of them are attributes. https://hl7.org/fhir/R4/xml.html */
import type { Definitions, Property, TypeDefinition } from '../definitions/index.ts'

export interface XmlProperty {
  /** The element's name, which is the one that JSON has too. */
  readonly name: string
  readonly content: 'primitive' | 'complex' | 'resource' | 'narrative'
  /** The type it has; of no use for resources, which name theirs. */
  readonly type: string
  readonly many: boolean
  /** Place among its siblings; the branches of a choice share one. */
  readonly order: number
}

export interface XmlLayout {
  /** Element.id and Extension.url. */
  readonly attributes: ReadonlySet<string>
  readonly elements: ReadonlyMap<string, XmlProperty>
}

export type LayoutOf = (type: string) => XmlLayout

/** Layouts are made when first asked for. */
export function makeLayouts(definitions: Definitions): LayoutOf {
  const layouts = new Map<string, XmlLayout>()
  return (path) => {
    let layout = layouts.get(path)
    if (layout === undefined) {
      layout = layoutOf(definitions.type(path)!)
      layouts.set(path, layout)
    }
    return layout
  }
}

function layoutOf({ path, kind, elements, properties }: TypeDefinition): XmlLayout {
  const attributes = new Set(kind === 'resource' ? [] : path === 'Extension' ? ['id', 'url'] : ['id'])
  const order = new Map([...elements.keys()].map((name, i) => [name, i]))
  const found = new Map<string, XmlProperty>()
  for (const property of properties.values()) {
    const { name, type, many, element } = property
    if (attributes.has(name)) continue
    found.set(name, { name, type, many, content: contentOf(property), order: order.get(element)! })
  }
  return { attributes, elements: found }
}

function contentOf({ type, primitive }: Property): XmlProperty['content'] {
  if (type === 'Resource') return 'resource'
  if (type === 'xhtml') return 'narrative'
  return primitive ? 'primitive' : 'complex'
}
