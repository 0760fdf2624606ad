/** Letters of time as table 0335 and the rates of RXE write them, in UCUM. */
export const TIME_UNITS: ReadonlyMap<string, string> = new Map([
  ['S', 's'],
  ['M', 'min'],
  ['H', 'h'],
  ['D', 'd'],
  ['W', 'wk'],
  ['L', 'mo'],
])
