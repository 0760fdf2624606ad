import { describe, expect, test } from 'vitest'

import { thrownBy } from '../../../test/support/thrown.ts'
import { Failure } from '../../kernel/failure.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { loadDefinitions, makeFhirXml } from '../index.ts'

const xml = makeFhirXml(loadDefinitions())

/** A Patient with this inside. */
function patient(content: string): string {
  return `<Patient xmlns="http://hl7.org/fhir">${content}</Patient>`
}

function read(content: string): JsonObject {
  return xml.parse(patient(content)).exact
}

describe('reading', () => {
  test('a primitive has its id and its extensions beside its value', () => {
    expect(
      read(
        '<birthDate id="b" value="1970-03-30"><extension url="urn:t"><valueString value="Easter"/></extension></birthDate>',
      ),
    ).toEqual({
      resourceType: 'Patient',
      birthDate: '1970-03-30',
      _birthDate: { id: 'b', extension: [{ url: 'urn:t', valueString: 'Easter' }] },
    })
  })

  test('gaps in an array of primitives are null on both sides', () => {
    const extension = '<extension url="urn:x"><valueCode value="unknown"/></extension>'
    const name = `<name><given value="A"/><given>${extension}</given><given id="c" value="C"/></name>`
    expect(read(name)['name']).toEqual([
      {
        given: ['A', null, 'C'],
        _given: [null, { extension: [{ url: 'urn:x', valueCode: 'unknown' }] }, { id: 'c' }],
      },
    ])
    expect(read(`<name><given>${extension}</given></name>`)['name']).toEqual([
      { _given: [{ extension: [{ url: 'urn:x', valueCode: 'unknown' }] }] },
    ])
  })

  test('one of what may repeat is an array, resources are contained, numbers and booleans are such', () => {
    expect(
      read(`<contained><Organization><id value="o"/></Organization></contained>
        <active value="true"/><name><family value="F"/></name><multipleBirthInteger value="2"/>`),
    ).toEqual({
      resourceType: 'Patient',
      contained: [{ resourceType: 'Organization', id: 'o' }],
      active: true,
      name: [{ family: 'F' }],
      multipleBirthInteger: 2,
    })
  })

  test('prefixes, comments, instructions, CDATA blanks, references and a schema hint change nothing', () => {
    const text = `\n<?xml-stylesheet href="x.xsl"?><!-- c --><f:Patient xmlns:f="http://hl7.org/fhir"
      xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://hl7.org/fhir p.xsd">
      <f:name><!-- c --><![CDATA[ ]]><?pi?><f:family value='O&apos;&#x4E2D;&lt;&#10;b'/></f:name></f:Patient>\n`
    expect(xml.parse(text).exact).toEqual({ resourceType: 'Patient', name: [{ family: "O'中<\nb" }] })
  })

  test('an integer may have a plus, which JSON has not', () => {
    expect(read('<multipleBirthInteger value="+2"/>')['multipleBirthInteger']).toBe(2)
  })

  test('what is no number stays text, for the validator to refuse', () => {
    expect(read('<multipleBirthInteger value="007"/>')['multipleBirthInteger']).toBe('007')
    expect(read('<active value="yes"/>')['active']).toBe('yes')
  })

  test('elements with the names of resource types or of our own objects are elements', () => {
    const scenario = `<ExampleScenario xmlns="http://hl7.org/fhir"><instance><resourceId value="i"/>
      <resourceType value="Patient"/></instance></ExampleScenario>`
    expect(xml.parse(scenario).exact['instance']).toEqual([{ resourceId: 'i', resourceType: 'Patient' }])
    expect(codeOf(() => read('<__proto__/>'))).toBe('xml-element-unknown')
    expect(codeOf(() => read('<constructor/>'))).toBe('xml-element-unknown')
  })
})

describe('a narrative', () => {
  const XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
  const div = (text: string) =>
    (read(`<text><status value="generated"/>${text}</text>`)['text'] as JsonObject)['div']

  test('is the text that was sent, to the last blank', () => {
    const text = `<div ${XHTML}  >\n <p class='a' >&#160;&lt;b&gt; <!-- c --><br />é𝄞</p>\t</div >`
    expect(div(text)).toBe(text)
    expect(div(`<div ${XHTML}/>`)).toBe(`<div ${XHTML}/>`)
    expect(div(`<div ${XHTML}>\r\na<div>b</div></div>`)).toBe(`<div ${XHTML}>\na<div>b</div></div>`)
  })

  test('that leans on its document stands alone afterwards', () => {
    const plain = `<div ${XHTML}><p title="&quot;">a &lt; b<br/></p><!--c--></div>`
    const inner = "<h:p title='\"'>a <![CDATA[<]]> b<h:br/></h:p><!--c--><?pi?>"
    expect(div(`<h:div xmlns:h="http://www.w3.org/1999/xhtml">${inner}</h:div>`)).toBe(plain)
    const prefixed = `<f:Patient xmlns:f="http://hl7.org/fhir" ${XHTML} xmlns:h="http://www.w3.org/1999/xhtml"><f:text>
      <div>${inner}</div></f:text></f:Patient>`
    expect(codeOf(() => xml.parse(prefixed))).toBe('xml-namespace')
    expect(xml.parse(prefixed.replaceAll('h:', '')).exact['text']).toEqual({ div: plain })
  })

  test('of JSON goes into XML as it is, or mended where XML has no such thing', () => {
    const write = (text: string) =>
      xml.write({ resourceType: 'Patient', text: { status: 'generated', div: text } })
    const good = `<div ${XHTML}>\n <p title='a'>&#160;<br /></p><!-- c --></div>`
    expect(write(good)).toContain(good)
    expect(write(`<div ${XHTML}>a&nbsp;&eacute;&rarr;&unheard;&amp; & b</div>`)).toContain(
      `<div ${XHTML}>a&#160;&#233;&#8594;&amp;unheard;&amp; &amp; b</div>`,
    )
    expect(write('<div>a</div>')).toContain(`<div ${XHTML}>a</div>`)
    for (const bad of [
      '<div><p></div>',
      '<p>a</p>',
      'a',
      '<div/><div/>',
      '<!DOCTYPE x><div/>',
      '<div a="1" a="2"/>',
    ]) {
      expect(codeOf(() => write(bad))).toBe('xml-unwritable')
    }
  })
})

describe('writing', () => {
  test('has elements in the order of the definition, ids and urls as attributes, and a declaration', () => {
    const resource = {
      resourceType: 'Patient',
      name: [{ family: '"<&>\t\n', id: 'n' }],
      active: false,
      extension: [{ valueBoolean: true, url: 'urn:x' }],
      id: 'p',
    }
    expect(xml.write(resource)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><Patient xmlns="http://hl7.org/fhir"><id value="p"/>' +
        '<extension url="urn:x"><valueBoolean value="true"/></extension><active value="false"/>' +
        '<name id="n"><family value="&quot;&lt;&amp;&gt;&#9;&#10;"/></name></Patient>',
    )
    expect(xml.write({ resourceType: 'Patient', active: true }, { pretty: true })).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<Patient xmlns="http://hl7.org/fhir">\n  <active value="true"/>\n</Patient>',
    )
  })

  test.each<[string, JsonObject]>([
    ['Patient.nickname', { nickname: 'x' }],
    ['Patient.name.family', { name: [{ family: 'a\u0001' }] }],
    ['Patient.name.family', { name: [{ family: {} }] }],
    ['Patient.extension._url', { extension: [{ url: 'urn:x', _url: { id: 'u' } }] }],
    ['Patient.name', { name: { family: 'a' } }],
    ['Patient.contained', { contained: [{ resourceType: 'Car' }] }],
  ])('what XML can not say is refused with its path: %s', (path, content) => {
    const thrown = thrownBy(() => xml.write({ resourceType: 'Patient', ...content })) as Failure
    expect([thrown.kind, thrown.code, thrown.expression]).toEqual(['unsupported', 'xml-unwritable', [path]])
  })
})

describe('bad XML is refused with its place', () => {
  test.each<[code: string, line: number, column: number, text: string, path?: string]>([
    ['xml-syntax', 1, 1, ''],
    ['xml-syntax', 2, 5, '<Patient xmlns="http://hl7.org/fhir">\n</a>'],
    ['xml-syntax', 1, 57, patient('<name a="1" a="2"/>')],
    ['xml-syntax', 1, 44, patient('&nbsp;')],
    ['xml-syntax', 1, 46, patient('&#xD800;')],
    ['xml-syntax', 1, 42, patient('&#0;')],
    ['xml-syntax', 1, 47, patient('<x:name/>')],
    ['xml-doctype', 1, 19, `<!DOCTYPE Patient>${patient('')}`],
    [
      'xml-doctype',
      1,
      55,
      `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${patient('<id value="&x;"/>')}`,
    ],
    ['xml-encoding', 1, 1, `<?xml version="1.0" encoding="ISO-8859-1"?>${patient('')}`],
    ['xml-namespace', 1, 1, '<Patient/>'],
    ['xml-namespace', 1, 1, '<Patient xmlns="http://hl7.org/FHIR"/>'],
    ['xml-namespace', 1, 38, patient('<name xmlns="urn:x"/>'), 'Patient.name'],
    ['xml-namespace', 1, 44, patient('<text><div/></text>'), 'Patient.text.div'],
    ['xml-resource-unknown', 1, 1, '<Car xmlns="http://hl7.org/fhir"/>'],
    ['xml-resource-unknown', 1, 1, '<DomainResource xmlns="http://hl7.org/fhir"/>'],
    ['xml-element-unknown', 2, 3, patient('<name>\n  <nick value="x"/></name>'), 'Patient.name[0].nick'],
    ['xml-attribute-unknown', 1, 38, patient('<name value="x"/>'), 'Patient.name[0].value'],
    ['xml-attribute-unknown', 1, 1, '<Patient xmlns="http://hl7.org/fhir" id="x"/>', 'Patient.id'],
    [
      'xml-attribute-unknown',
      1,
      38,
      patient('<contained id="a"><Patient/></contained>'),
      'Patient.contained[0].id',
    ],
    ['xml-text', 1, 46, patient('<name>x</name>'), 'Patient.name[0]'],
    ['xml-text', 1, 57, patient('<name><![CDATA[x]]></name>'), 'Patient.name[0]'],
    ['xml-element-empty', 1, 38, patient('<birthDate/>'), 'Patient.birthDate'],
    [
      'xml-element-repeated',
      1,
      60,
      patient('<active value="true"/><active value="true"/>'),
      'Patient.active',
    ],
    ['xml-element-repeated', 1, 45, patient('<text/><text/>'), 'Patient.text'],
    ['xml-element-order', 1, 57, patient('<gender value="x"/><name/>'), 'Patient.name'],
    ['xml-resource-one', 1, 38, patient('<contained/>'), 'Patient.contained[0]'],
    [
      'xml-resource-one',
      1,
      38,
      patient('<contained><Patient/><Patient/></contained>'),
      'Patient.contained[0]',
    ],
  ])('%s at %d:%d', (code, line, column, text, path) => {
    const thrown = thrownBy(() => xml.parse(text)) as Failure
    expect(thrown).toBeInstanceOf(Failure)
    expect([thrown.kind, thrown.code, thrown.expression]).toEqual(['invalid', code, path ? [path] : []])
    expect(thrown.params).toEqual({ line, column })
  })

  test('a document of any depth is refused, not followed', () => {
    const extensions = (n: number) => '<extension url="urn:x">'.repeat(n) + '</extension>'.repeat(n)
    expect(read(extensions(60))).toBeDefined()
    for (const n of [70, 200, 300, 100_000]) expect(codeOf(() => read(extensions(n)))).toBe('xml-depth')
    const narrative = `<text><div xmlns="http://www.w3.org/1999/xhtml">${'<b>'.repeat(1e5)}${'</b>'.repeat(1e5)}</div></text>`
    expect(codeOf(() => read(narrative))).toBe('xml-depth')
  })

  test('nothing of the document is in the failure', () => {
    for (const text of [
      patient('<Müller/>'),
      patient('<name>Müller</name>'),
      patient('<a Müller="1"/>'),
      '<Müller',
    ]) {
      const thrown = thrownBy(() => xml.parse(text)) as Failure
      expect(JSON.stringify([thrown.message, thrown.params, thrown.expression])).not.toContain('Müller')
    }
  })
})

function codeOf(act: () => unknown): string | undefined {
  return (thrownBy(act) as Failure | undefined)?.code
}
