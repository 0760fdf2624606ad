/** ORU^R01 messages of about 5 kB with ten results, as a laboratory system sends them. */

const RESULTS = [
  ['718-7', 'Hémoglobine', 'g/dL', '12.0-16.0'],
  ['6690-2', 'Leucocytes', '10*9/L', '4.0-10.0'],
  ['777-3', 'Plaquettes', '10*9/L', '150-400'],
  ['2345-7', 'Glucose', 'mg/dL', '70-110'],
  ['2160-0', 'Créatinine', 'mg/dL', '0.5-1.1'],
  ['2823-3', 'Potassium', 'mmol/L', '3.5-5.1'],
  ['2951-2', 'Sodium', 'mmol/L', '136-145'],
  ['1742-6', 'ALAT', 'U/L', '7-40'],
  ['1920-8', 'ASAT', 'U/L', '13-35'],
  ['1975-2', 'Bilirubine totale', 'mg/dL', '0.2-1.2'],
] as const

/** Pads each result's method to what real senders add in comments and codes. */
const FILLER = 'Automate de laboratoire, contrôle de qualité interne conforme, lot 2026-01. '.repeat(4)

/** @param number names the message, its order and its patient (one of 1,000); the same number gives the same bytes */
export function oruMessage(number: number): Buffer {
  const order = `ORD-${number}`
  const segments = [
    `MSH|^~\\&|LABO|BIOLAB^1.2.250.1.999.3^ISO|PASSERELLE|BENCH|20260115104500+0100||ORU^R01^ORU_R01|B${number}|P|2.5|||||FRA|UNICODE UTF-8`,
    `PID|1||BENCH-${number % 1000}^^^HOPITAL&1.2.250.1.999.2&ISO^PI||MARTIN^Camille^^^^^L||19840229|F`,
    `PV1|1|O|||||||||||||||||V-${number % 1000}^^^HOPITAL&1.2.250.1.999.2&ISO^VN`,
    `ORC|RE|${order}^DPI|F-${number}^BIOLAB^1.2.250.1.999.3^ISO||CM`,
    `OBR|1|${order}^DPI|F-${number}^BIOLAB^1.2.250.1.999.3^ISO|BIO^Bilan biologique^L|||20260115090500+0100|||||||||10100000001^DURAND^Claire^^^Dr^^^ANNUAIRE&1.2.250.1.71.4.2.1&ISO||||||20260115104000+0100||HM|F`,
    ...RESULTS.flatMap(([code, name, unit, range], i) => [
      `OBX|${i + 1}|NM|${code}^${name}^LN||${((number * 7 + i * 13) % 900) / 10}|${unit}|${range}|N|||F|||20260115090500+0100`,
      `NTE|${i + 1}|L|${FILLER}`,
    ]),
  ]
  return Buffer.from(segments.join('\r') + '\r')
}
