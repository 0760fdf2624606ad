/** The part of the library that is used here; it brings no types of its own. */
declare module '@lhncbc/ucum-lhc' {
  const ucum: {
    readonly UcumLhcUtils: {
      getInstance(): { getSpecifiedUnit(code: string, use: 'validate'): { readonly unit?: unknown } }
    }
  }
  export default ucum
}
