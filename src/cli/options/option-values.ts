import { InvalidArgumentError } from "commander";

/** Readers of option values for commander: a wrong value is a usage error that names the option. */
export function integerAtLeast(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(
        least === 0 ? "Expected a non-negative integer." : `Expected an integer of at least ${least}.`,
      );
    }
    return value;
  };
}

export function nonNegativeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError("Expected a number that is not negative.");
  }
  return value;
}

export function properFraction(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError("Expected a number between 0 and 1.");
  return value;
}

export function repeated(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** `K=3` */
export function dimension(text: string, before: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const match = /^\s*([A-Za-z_]\w*)\s*=\s*(\d+)\s*$/.exec(text);
  if (match === null || Number(match[2]) < 1) throw new InvalidArgumentError("Expected NAME=SIZE, for example K=3.");
  if (Object.hasOwn(before, match[1])) throw new InvalidArgumentError(`${match[1]} is given twice.`);
  return { ...before, [match[1]]: Number(match[2]) };
}

/** `x=colA,colB` */
export function columnMap(
  text: string,
  before: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, readonly string[]>> {
  const at = text.indexOf("=");
  const name = text.slice(0, at).trim();
  const columns = text
    .slice(at + 1)
    .split(",")
    .map((column) => column.trim());
  if (at < 1 || columns.includes("")) {
    throw new InvalidArgumentError("Expected VARIABLE=COLUMN,…, for example x=width,height.");
  }
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`${name} is given twice.`);
  return { ...before, [name]: columns };
}
