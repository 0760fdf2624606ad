import { describe, expect, test } from 'vitest'
import { mergeMapped } from './merge.ts'
import { dangling, map, message, ofType, only, problems, sample } from './testing/compiled.ts'

const MSH = 'MSH|^~\\&|LABO|LABMED|||20260310081530+0100||ORU^R01^ORU_R01|ORU9|P|2.5.1'
const PID = 'PID|||IPP1001^^^CLINIQUE&1.2.250.1.99.2&ISO^PI||DURAND^ÉLODIE||19840314|F'
const OBR = 'OBR|1|CMD1^DPI|LAB1^LABO|NFS^Numération^L|||20260310074500||||||||||||||||||F'
const oru = (...segments: string[]) => map(message(MSH, PID, OBR, ...segments))

describe.each(['oru-r01', 'adt-a01', 'orm-o01'])('%s', (name) => {
  test('every resource is valid R4', () => {
    expect(problems(map(sample(name)))).toEqual([])
  })

  test('no reference leads to nothing', () => {
    expect(dangling(map(sample(name)))).toEqual([])
  })

  test('the same message twice gives the same resources', () => {
    expect(map(sample(name)).resources).toEqual(map(sample(name)).resources)
  })

  test('another tenant has other ids', () => {
    const ids = new Set(map(sample(name)).resources.map(({ id }) => id))
    const others = map(sample(name), { tenantKey: 'autre' }).resources
    expect(others.filter(({ id }) => ids.has(id))).toEqual([])
  })

  test('all resources carry the source of the message, and one Provenance names them', () => {
    const mapped = map(sample(name))
    const sources = new Set(
      mapped.resources.map(({ resource }) => (resource['meta'] as { source: string }).source),
    )
    expect(sources).toEqual(new Set([`urn:passerelle:lab#${name.slice(0, 3).toUpperCase()}0001`]))
    const targets = (only(mapped, 'Provenance').resource['target'] as { reference: string }[]).map(
      (each) => each.reference,
    )
    expect(targets.toSorted()).toEqual(
      mapped.resources
        .filter(({ type }) => type !== 'Provenance')
        .map(({ type, id }) => `${type}/${id}`)
        .toSorted(),
    )
  })
})

describe('people', () => {
  test('a Patient has the same id in an admission, an order with the registered authority and a result', () => {
    const namespaces = { CLINIQUE: 'urn:oid:1.2.250.1.99.2' }
    const ids = ['oru-r01', 'adt-a01', 'orm-o01'].map(
      (name) => only(map(sample(name), { namespaces }), 'Patient').id,
    )
    expect(new Set(ids).size).toBe(1)
  })

  test('names, addresses and telephone numbers come whole', () => {
    const { resource } = only(map(sample('oru-r01')), 'Patient')
    expect(resource['name']).toEqual([
      { family: 'DURAND', given: ['ÉLODIE', 'MARIE'], prefix: ['MME'], use: 'official' },
      { family: 'DURAND-LEROY', given: ['ÉLODIE'], prefix: ['MME'], use: 'usual' },
    ])
    expect(resource['address']).toEqual([
      {
        line: ['12 RUE DES LILAS', 'BÂT. B'],
        city: 'RENNES',
        postalCode: '35000',
        country: 'FRA',
        use: 'home',
      },
    ])
    expect(resource['telecom']).toEqual([
      { use: 'home', system: 'phone', value: '0299000001' },
      { use: 'mobile', system: 'phone', value: '0600000002' },
      { system: 'email', value: 'elodie.durand@exemple.test' },
    ])
  })

  test('a national identity number does not name the patient where a local one does', () => {
    const ins = '184036933825107^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.8&ISO^INS-NIR'
    const local = 'IPP1001^^^CLINIQUE&1.2.250.1.99.2&ISO^PI'
    const idOf = (identifiers: string) =>
      only(map(message(MSH, `PID|||${identifiers}||DURAND`, OBR)), 'Patient').id
    expect(idOf(`${ins}~${local}`)).toBe(idOf(local))
    expect(idOf(ins)).not.toBe(idOf(local))
  })

  test('a number without an authority counts inside its sender only', () => {
    const idFrom = (facility: string) => {
      const header = MSH.replace('LABMED', facility)
      return only(map(message(header, 'PID|||77||DURAND', OBR)), 'Patient').id
    }
    expect(idFrom('LABMED')).toBe(idFrom('LABMED'))
    expect(idFrom('LABMED')).not.toBe(idFrom('AUTRE'))
  })

  test('an authority is a URI: OID, UUID, registered namespace, or a stable one of ours with a warning', () => {
    const systemOf = (authority: string) => {
      const mapped = map(message(MSH, `PID|||1^^^${authority}||DURAND`, OBR), {
        namespaces: { CHU: 'https://chu.test/ipp' },
      })
      const [identifier] = only(mapped, 'Patient').resource['identifier'] as [{ system: string }]
      return [identifier.system, mapped.warnings.some(({ about }) => about === authority)]
    }
    expect(systemOf('X&1.2.250.1.5&ISO')).toEqual(['urn:oid:1.2.250.1.5', false])
    expect(systemOf('&6B29FC40-CA47-1067-B31D-00DD010662DA&UUID')).toEqual([
      'urn:uuid:6b29fc40-ca47-1067-b31d-00dd010662da',
      false,
    ])
    expect(systemOf('CHU')).toEqual(['https://chu.test/ipp', false])
    expect(systemOf('LABO 7')).toEqual(['urn:passerelle:ns:LABO%207', true])
  })

  test('a doctor who is named five times is one Practitioner', () => {
    expect(ofType(map(sample('adt-a01')), 'Practitioner')).toHaveLength(3)
  })

  test('a doctor without a number is contained in the resource that names them', () => {
    const mapped = oru('OBX|1|NM|HB^Hb^L||13|g/L|||||F|||||^LEGRAND^ZOÉ')
    expect(ofType(mapped, 'Practitioner')).toEqual([])
    const { resource } = only(mapped, 'Observation')
    expect(resource['contained']).toMatchObject([
      { resourceType: 'PractitionerRole', practitioner: { reference: '#practitioner-1' } },
      { resourceType: 'Practitioner', name: [{ family: 'LEGRAND', given: ['ZOÉ'] }] },
    ])
    expect(problems(mapped)).toEqual([])
  })
})

describe('visits', () => {
  test('a bed is part of its room, floor, ward, building and hospital', () => {
    const mapped = map(sample('adt-a01'))
    const byId = new Map(ofType(mapped, 'Location').map(({ id, resource }) => [`Location/${id}`, resource]))
    const [{ location }] = only(mapped, 'Encounter').resource['location'] as [
      { location: { reference: string } },
    ]
    const names: unknown[] = []
    for (
      let at = byId.get(location.reference);
      at;
      at = byId.get((at['partOf'] as { reference: string } | undefined)?.reference ?? '')
    ) {
      names.push(at['name'])
    }
    expect(names).toEqual(['1', '204', '2', 'CHIR', 'B1', 'CLINIQUE'])
  })

  test.each([
    ['A01', 'in-progress', []],
    ['A04', 'in-progress', []],
    ['A08', 'in-progress', ['status']],
  ])('the event %s says what the status is', (event, status, fallbacks) => {
    const mapped = map(sample('adt-a01', ['ADT^A01^ADT_A01', `ADT^${event}^ADT_A01`]))
    const encounter = only(mapped, 'Encounter')
    expect(encounter.resource['status']).toBe(status)
    expect(encounter.fallbacks).toEqual(fallbacks)
  })

  const withoutNumber = (context = {}) =>
    map(sample('oru-r01', ['VIS77^^^CLINIQUE&1.2.250.1.99.2&ISO^VN', '']), context)

  test('a visit without a number is an Encounter of the message alone', () => {
    const mapped = withoutNumber()
    const { id } = only(mapped, 'Encounter')
    expect(only(mapped, 'DiagnosticReport').resource['encounter']).toEqual({ reference: `Encounter/${id}` })
    expect(only(withoutNumber(), 'Encounter').id).toBe(id)
  })

  test('a switch leaves it out, and nothing refers to it', () => {
    const mapped = withoutNumber({ switches: { 'encounter-without-number': 'omit' } })
    expect(ofType(mapped, 'Encounter')).toEqual([])
    expect(dangling(mapped)).toEqual([])
  })

  test('the alternate number counts where there is no other; "not applicable" is no visit', () => {
    const idOf = (pv1: string, control: string) => {
      const header = `MSH|^~\\&|A|B|||20260310||ADT^A08^ADT_A01|${control}|P|2.5`
      return ofType(map(message(header, PID, pv1)), 'Encounter').map(({ id }) => id)
    }
    const alternate = `PV1||I${'|'.repeat(48)}ALT1^^^C`
    expect(idOf(alternate, '1')).toEqual(idOf(alternate, '2'))
    expect(idOf(alternate, '1')).toHaveLength(1)
    expect(idOf('PV1||I', '1')).not.toEqual(idOf('PV1||I', '2'))
    expect(idOf('PV1||N', '1')).toEqual([])
    const admitted = (at: string) => `PV1||I${'|'.repeat(42)}${at}`
    expect(idOf(admitted('20260309'), '1')).toEqual(idOf(admitted('20260309'), '2'))
    expect(idOf(admitted('20260309'), '1')).not.toEqual(idOf(admitted('20260311'), '1'))
  })
})

describe('results', () => {
  const value = (obx: string, context = {}) => {
    const mapped = map(message(MSH, PID, OBR, obx), context)
    const { resource, exact } = only(mapped, 'Observation')
    return { mapped, resource, text: JSON.stringify(exact) }
  }

  test.each([
    ['13.10', '13.10'],
    ['0.00001234500', '0.00001234500'],
    ['+7', '7'],
    ['007.0', '7.0'],
    ['-.5', '-0.5'],
  ])('the number %s keeps its digits', (sent, written) => {
    expect(value(`OBX|1|NM|X^X^L||${sent}|g/L|||||F`).text).toContain(`"value":${written},`)
  })

  test('a decimal comma is text with its unit and a warning, or a number where the channel says so', () => {
    const obx = 'OBX|1|NM|X^X^L||7,5|G/L|||||F'
    const asText = value(obx)
    expect(asText.resource['valueString']).toBe('7,5 G/L')
    expect(asText.mapped.warnings).toContainEqual({ code: 'number-not-understood', about: 'OBX-5', count: 1 })
    const asNumber = value(obx, { switches: { 'decimal-comma': 'number' } })
    expect(asNumber.resource['valueQuantity']).toEqual({
      value: 7.5,
      unit: 'G/L',
      system: 'http://unitsofmeasure.org',
      code: '10*9/L',
    })
  })

  test('a unit that is not UCUM stays a text', () => {
    expect(value('OBX|1|NM|X^X^L||7|copies par champ|||||F').resource['valueQuantity']).toEqual({
      value: 7,
      unit: 'copies par champ',
    })
  })

  test.each([
    [
      'SN',
      '<^5',
      {
        valueQuantity: {
          comparator: '<',
          value: 5,
          unit: 'mg/L',
          system: 'http://unitsofmeasure.org',
          code: 'mg/L',
        },
      },
    ],
    ['SN', '^1^:^128', { valueRatio: { numerator: { value: 1 }, denominator: { value: 128 } } }],
    ['SN', '^2^-^4', { valueRange: { low: { value: 2 }, high: { value: 4 } } }],
    ['SN', '^2^+', { valueString: '2 +' }],
    ['ST', 'Négatif', { valueString: 'Négatif' }],
    ['ST', 'A^B', { valueString: 'A^B' }],
    [
      'CE',
      'POS^Positif^L',
      {
        valueCodeableConcept: {
          coding: [{ code: 'POS', display: 'Positif', system: 'urn:passerelle:cs:LABMED:L' }],
        },
      },
    ],
    ['DT', '20260309', { valueDateTime: '2026-03-09' }],
    ['TM', '0730', { valueTime: '07:30:00' }],
    ['NR', '2^4', { valueRange: { low: { value: 2 }, high: { value: 4 } } }],
    ['XX', 'libre', { valueString: 'libre' }],
  ])('a value of type %s (%s)', (type, sent, expected) => {
    expect(
      value(`OBX|1|${type}|X^X^L||${sent}|${sent.startsWith('<') ? 'mg/L' : ''}|||||F`).resource,
    ).toMatchObject(expected)
  })

  test.each([
    ['F', 'final'],
    ['C', 'corrected'],
    ['P', 'preliminary'],
    ['D', 'entered-in-error'],
    ['W', 'entered-in-error'],
    ['X', 'cancelled'],
    ['I', 'registered'],
  ])('OBX-11 %s is the status %s', (sent, status) => {
    expect(value(`OBX|1|ST|X^X^L||a||||||${sent}`).resource['status']).toBe(status)
  })

  test('a correction is the same Observation', () => {
    const idOf = (status: string) => only(oru(`OBX|1|NM|HB^Hb^L||13|g/L|||||${status}`), 'Observation').id
    expect(idOf('C')).toBe(idOf('F'))
  })

  test('two results with one code in one order are two Observations, by sub-id or by their order', () => {
    const mapped = oru(
      'OBX|1|ST|G^Germe^L|1|a||||||F',
      'OBX|2|ST|G^Germe^L|2|b||||||F',
      'OBX|3|ST|G^Germe^L|2|c||||||F',
    )
    expect(new Set(ofType(mapped, 'Observation').map(({ id }) => id)).size).toBe(3)
  })

  test('a repeated value becomes components', () => {
    const mapped = oru('OBX|1|ST|X^X^L||a~b||||||F')
    const { resource } = only(mapped, 'Observation')
    expect(resource['component']).toMatchObject([{ valueString: 'a' }, { valueString: 'b' }])
    expect(problems(mapped)).toEqual([])
  })

  test('a document in OBX-5 is an attachment of the result, or a DocumentReference that it is derived from', () => {
    const obx = 'OBX|1|ED|PDF^CR^L||^application^pdf^Base64^JVBERi0xLjQK||||||F'
    expect(JSON.stringify(value(obx).resource['extension'])).toContain(
      '"valueAttachment":{"contentType":"application/pdf","data":"JVBERi0xLjQK"}',
    )
    const { mapped } = value(obx, { switches: { attachment: 'document' } })
    const document = only(mapped, 'DocumentReference')
    expect(document.resource['content']).toEqual([
      { attachment: { contentType: 'application/pdf', data: 'JVBERi0xLjQK' } },
    ])
    expect(only(mapped, 'Observation').resource['derivedFrom']).toEqual([
      { reference: `DocumentReference/${document.id}` },
    ])
    expect([...problems(mapped), ...dangling(mapped)]).toEqual([])
  })

  test('repetitions of a note are lines of one note', () => {
    const [observation] = ofType(map(sample('oru-r01')), 'Observation')
    expect(observation!.resource['note']).toEqual([{ text: 'Contrôle effectué.\nTechnique automatisée.' }])
  })

  test('the report has its results, its order, its specimen and its patient', () => {
    const mapped = map(sample('oru-r01'))
    const { resource } = only(mapped, 'DiagnosticReport')
    expect(resource['status']).toBe('final')
    expect(resource['result']).toHaveLength(8)
    expect(resource['basedOn']).toEqual([
      { reference: `ServiceRequest/${only(mapped, 'ServiceRequest').id}` },
    ])
    expect(resource['specimen']).toEqual([{ reference: `Specimen/${only(mapped, 'Specimen').id}` }])
    expect(resource['encounter']).toEqual({ reference: `Encounter/${only(mapped, 'Encounter').id}` })
  })

  test('the order of a result is the order that was sent', () => {
    const [ordered] = ofType(map(sample('orm-o01')), 'ServiceRequest')
    expect(only(map(sample('oru-r01')), 'ServiceRequest').id).toBe(ordered!.id)
  })
})

describe('dates', () => {
  const effective = (sent: string, context = {}) =>
    only(map(message(MSH, PID, OBR, `OBX|1|ST|X^X^L||a||||||F|||${sent}`), context), 'Observation').resource[
      'effectiveDateTime'
    ]

  test.each([
    ['2026', '2026'],
    ['202603', '2026-03'],
    ['20260310', '2026-03-10'],
    ['2026031007', '2026-03-10T07:00:00+01:00'],
    ['202603100745', '2026-03-10T07:45:00+01:00'],
    ['20260310074500.25', '2026-03-10T07:45:00.25+01:00'],
    ['20260710074500', '2026-07-10T07:45:00+02:00'],
    ['20260310074500-0500', '2026-03-10T07:45:00-05:00'],
  ])('%s keeps its precision and gets the offset of its day', (sent, expected) => {
    expect(effective(sent)).toBe(expected)
  })

  test('the time zone is the channel’s', () => {
    expect(effective('20260710074500', { timeZone: 'America/Cayenne' })).toBe('2026-07-10T07:45:00-03:00')
  })

  test('what is no date is left out', () => {
    expect(effective('00000000')).toBeUndefined()
  })
})

describe('what does not fit', () => {
  test('an unknown message is refused', () => {
    expect(() => map(message(MSH.replace('ORU^R01^ORU_R01', 'ZZZ^Z01')))).toThrow(
      expect.objectContaining({ kind: 'unsupported', code: 'message-not-mapped' }),
    )
  })

  test('a segment in a wrong place is taken where it belongs, one of nowhere is named', () => {
    const mapped = map(
      message(MSH, PID, OBR, 'OBX|1|ST|X^X^L||a||||||F', 'PV1||O|||||||||||||||||VIS1^^^C', 'RGS|1', 'ZZZ|x'),
    )
    expect(ofType(mapped, 'Encounter')).toHaveLength(1)
    expect(mapped.warnings.map(({ code, about }) => `${code} ${about}`)).toEqual(
      expect.arrayContaining(['segment-unexpected RGS', 'segment-not-mapped ZZZ']),
    )
  })

  test('a code that R4 does not have is kept beside the element', () => {
    const mapped = map(message(MSH, 'PID|||1^^^C||DURAND|||Q', OBR))
    const { resource } = only(mapped, 'Patient')
    expect(resource['gender']).toBeUndefined()
    expect(JSON.stringify(resource['_gender'])).toContain('"text":"Q"')
    expect(problems(mapped)).toEqual([])
  })

  test('warnings hold no text of the patient', () => {
    for (const name of ['oru-r01', 'adt-a01', 'orm-o01']) {
      expect(JSON.stringify(map(sample(name)).warnings)).not.toMatch(/DURAND|LODIE|IPP1001|0299/)
    }
  })
})

test('a result completes a stored patient and takes nothing from her; an admission changes her', () => {
  const stored = { resourceType: 'Patient', id: 'x', name: [{ family: 'DURAND' }, { family: 'LEROY' }] }
  const patientOf = (type: string) => {
    const header = `MSH|^~\\&|A|B|||20260310||${type}|1|P|2.5`
    return mergeMapped(stored, only(map(message(header, PID, OBR)), 'Patient')).value
  }
  expect(patientOf('ORU^R01^ORU_R01')).toMatchObject({ name: stored.name, gender: 'female' })
  expect(patientOf('ADT^A08^ADT_A01')).toMatchObject({ name: [{ family: 'DURAND', given: ['ÉLODIE'] }] })
})
