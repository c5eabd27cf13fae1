// What the lives share: where the site is, and a check that says what was wrong.
export const site: string = process.env.SITE ?? "";
export const key: string = process.env.KEY ?? "";

export function expect(actual: unknown, wanted: unknown, about: string): void {
  if (actual !== wanted) {
    throw new Error(`${about}: ${String(actual)}, not ${String(wanted)}`);
  }
}
