/** How a client proves who it is in a token request. RFC 6749 §2.3.1: in a Basic header, or in the body. */

export type ClientCredentials =
  | {
      readonly id: string
      /** What the secret may be: as decoded, and as it stands, because many clients (curl -u) don't encode it. */
      readonly secrets: readonly string[]
      readonly by: 'basic' | 'post'
    }
  /** `twice`: by both ways at once, which §2.3 forbids. */
  | {
      readonly refused: 'missing' | 'malformed' | 'twice'
      readonly id?: string
      readonly by: 'basic' | 'post'
    }

export function clientCredentials(
  authorization: string | undefined,
  body: URLSearchParams,
): ClientCredentials {
  const id = body.get('client_id') ?? undefined
  const secret = body.get('client_secret') ?? undefined
  if (authorization !== undefined) {
    const basic = basicCredentials(authorization)
    const other = secret !== undefined || (id !== undefined && 'id' in basic && basic.id !== id)
    return other ? { refused: 'twice', by: 'basic', ...(id !== undefined && { id }) } : basic
  }
  if (id === undefined || secret === undefined) {
    return { refused: 'missing', by: 'post', ...(id !== undefined && { id }) }
  }
  return { id, secrets: [secret], by: 'post' }
}

/** RFC 7617, with both parts form-encoded first as RFC 6749 has it. */
function basicCredentials(authorization: string): ClientCredentials {
  const encoded = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(authorization)?.[1]
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 1) return { refused: 'malformed', by: 'basic' }
  const [id, secret] = [text.slice(0, colon), text.slice(colon + 1)]
  return { id: formDecoded(id), secrets: [...new Set([formDecoded(secret), secret])], by: 'basic' }
}

/** The text itself when it is not form-encoded. */
function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
