import type { IncomingMessage } from 'node:http'

import { expect, test } from 'vitest'

import { addressOf, originOf } from './base-url.ts'
import { defaultHttpSettings } from './settings.ts'

const socket = { remoteAddress: '10.0.0.9', localAddress: '::1', localPort: 8080 }

function request(headers: Record<string, string>): IncomingMessage {
  return { headers, socket } as unknown as IncomingMessage
}

const proxied = { ...defaultHttpSettings, trustProxy: true }

test('links carry the public base where one is configured', () => {
  const settings = { ...defaultHttpSettings, publicBase: 'https://fhir.example.org/' }
  expect(originOf(request({ host: 'other' }), settings)).toBe('https://fhir.example.org')
})

test('else the Host of the request', () => {
  expect(originOf(request({ host: 'fhir.local:8080' }), defaultHttpSettings)).toBe('http://fhir.local:8080')
  expect(originOf(request({ host: '[::1]:80' }), defaultHttpSettings)).toBe('http://[::1]:80')
})

test('a Host that is none is not repeated', () => {
  expect(originOf(request({ host: 'a"/><b' }), defaultHttpSettings)).toBe('http://[::1]:8080')
  expect(originOf(request({}), defaultHttpSettings)).toBe('http://[::1]:8080')
})

test('X-Forwarded-* count only behind a trusted proxy, and only what it wrote itself', () => {
  const headers = {
    host: 'inner',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'evil.example, fhir.example',
    'x-forwarded-for': '1.2.3.4, 192.0.2.7',
  }
  expect(originOf(request(headers), defaultHttpSettings)).toBe('http://inner')
  expect(addressOf(request(headers), defaultHttpSettings)).toBe('10.0.0.9')
  expect(originOf(request(headers), proxied)).toBe('https://fhir.example')
  expect(addressOf(request(headers), proxied)).toBe('192.0.2.7')
})
