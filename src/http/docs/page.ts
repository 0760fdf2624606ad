/** The same operations as a page to read: HTML and CSS alone, nothing is fetched from anywhere. */
import type { Operation } from './openapi.ts'

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
  h2 { margin-top: 2.5rem }
  details { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: .4rem 0 }
  summary { cursor: pointer }
  code { font: .9em ui-monospace, monospace }
  .method { display: inline-block; min-width: 4.5rem; font-weight: 600; text-transform: uppercase }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .6rem 0 .6rem 4.5rem }
  dt { font-weight: 600 } dd { margin: 0 }
`

export function docsPage(version: string, operations: readonly Operation[]): string {
  const tags = [...new Set(operations.map(({ tag }) => tag))]
  const sections = tags.map((tag) =>
    section(
      tag,
      operations.filter((operation) => operation.tag === tag),
    ),
  )
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Passerelle API</title>` +
    `<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head><body>` +
    `<h1>Passerelle API</h1><p>Version ${escape(version)}. ` +
    `<a href="openapi.json">OpenAPI document</a>. A token comes from <code>POST /oauth2/token</code>.</p>` +
    `${sections.join('')}</body></html>`
  )
}

function section(tag: string, operations: readonly Operation[]): string {
  return `<h2>${escape(tag)}</h2>${operations.map(details).join('')}`
}

function details({
  method,
  path,
  summary,
  secured,
  query = [],
  headers = [],
  accepts = [],
  answers,
}: Operation): string {
  const rows: [string, string][] = [
    ['Token', secured ? 'needed' : 'not needed'],
    ['Query', query.join(', ')],
    ['Headers', headers.join(', ')],
    ['Body', accepts.join(', ')],
    ...Object.entries(answers),
  ]
  const list = rows
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `<dt>${escape(name)}</dt><dd>${escape(value)}</dd>`)
  return (
    `<details><summary><span class="method">${method}</span> <code>${escape(path)}</code> ${escape(summary)}</summary>` +
    `<dl>${list.join('')}</dl></details>`
  )
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escape(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character]!)
}
