import { type Bytes, bits, FunctionWriter, get, join, set, tee, vector, wasm } from "./assembler.js";

/** a * b + c, in one instruction where the target has it. Operands are on the stack in this order. */
export function multiplyAdd(a: Bytes, b: Bytes, c: Bytes, relaxed: boolean): Bytes {
  return relaxed ? join(a, b, c, wasm.relaxedMultiplyAdd) : join(a, b, wasm.multiply, c, wasm.add);
}

/** Elementwise functions of four float32 numbers. */
export const vectorFunctionNames = [
  "exp",
  "log",
  "log1p",
  "expm1",
  "softplus",
  "sigmoid",
  "tanh",
  "logGamma",
  "digamma",
] as const;
export type VectorFunctionName = (typeof vectorFunctionNames)[number];

/** Where code goes: a function, or a part of one. */
export type CodeWriter = Pick<FunctionWriter, "local" | "add">;

const exponentScale = 23;
const exponentBias = 127;

/** Added to a number below 2^22, it leaves the nearest whole number in the last bits. */
const roundingShift = 1.5 * 2 ** 23;
const roundingBits = 0x4b400000;

const expCoefficients = [1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1];

/**
 * exp by 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2]; relative error 2e-7, 0 below -87.3, +inf above 88.7, NaN kept.
 *
 * @source Cody and Waite 1980 (reduction); coefficients of expf in the Cephes library, Moshier 1989
 */
function exponential(fn: CodeWriter, argument: number, relaxed: boolean): void {
  const n = fn.local("v128");
  const r = fn.local("v128");
  const y = fn.local("v128");
  const x = fn.local("v128");
  const whole = fn.local("v128");
  const horner = (coefficient: number): void =>
    fn.add(multiplyAdd(get(y), get(r), vector(coefficient), relaxed), set(y));
  fn.add(get(argument), vector(-87.33654), wasm.pseudoMaximum, vector(88.72284), wasm.pseudoMinimum, set(x));
  fn.add(multiplyAdd(get(x), vector(Math.LOG2E), vector(roundingShift), relaxed), tee(whole));
  fn.add(vector(roundingShift), wasm.subtract, set(n));
  fn.add(multiplyAdd(get(n), vector(-0.693359375), get(x), relaxed), set(r));
  fn.add(multiplyAdd(get(n), vector(2.1219444e-4), get(r), relaxed), set(r));
  fn.add(vector(1.98756915e-4), set(y));
  for (const coefficient of expCoefficients) horner(coefficient);
  fn.add(get(y), get(r), wasm.multiply, get(r), wasm.multiply, get(r), wasm.add, vector(1), wasm.add, set(y));
  // 2^n in two halves, since n may be 128.
  const half = fn.local("v128");
  fn.add(get(whole), bits(roundingBits), wasm.i32VectorSubtract, set(n));
  fn.add(get(n), [0x41, 1], wasm.i32VectorShiftRight, set(half));
  const power = (exponent: Bytes): Bytes =>
    join(exponent, bits(exponentBias), wasm.i32VectorAdd, [0x41, exponentScale], wasm.i32VectorShiftLeft);
  fn.add(get(y), power(get(half)), wasm.multiply);
  fn.add(power(join(get(n), get(half), wasm.i32VectorSubtract)), wasm.multiply, set(y));
  // Below the smallest: 0; NaN stays what it is.
  fn.add(get(y), get(argument), vector(-87.33654), wasm.f32Less, wasm.andNot, set(y));
  fn.add(vector(Infinity), get(y), get(argument), vector(88.72284), wasm.f32Greater, wasm.bitSelect, set(y));
  fn.add(get(y), get(argument), get(argument), get(argument), wasm.f32Equal, wasm.bitSelect);
}

/**
 * log by exponent and a polynomial on [sqrt(1/2), sqrt(2)]; log 0 = -inf, of a negative number NaN.
 *
 * @source logf in the Cephes library, Moshier 1989
 */
function logarithm(fn: CodeWriter, argument: number, relaxed: boolean): void {
  const e = fn.local("v128");
  const m = fn.local("v128");
  const y = fn.local("v128");
  const z = fn.local("v128");
  const low = fn.local("v128");
  const x = fn.local("v128");
  fn.add(get(argument), vector(1.17549435e-38), wasm.pseudoMaximum, set(x));
  fn.add(
    get(x),
    [0x41, exponentScale],
    wasm.i32VectorShiftRightUnsigned,
    bits(exponentBias - 1),
    wasm.i32VectorSubtract,
    wasm.convert,
    set(e),
  );
  fn.add(get(x), bits(0x007fffff), wasm.and, bits(0x3f000000), wasm.or, set(m));
  fn.add(get(m), vector(Math.SQRT1_2), wasm.f32Less, set(low));
  fn.add(get(e), vector(1), get(low), wasm.and, wasm.subtract, set(e));
  fn.add(get(m), get(m), get(low), wasm.and, wasm.add, vector(1), wasm.subtract, set(m));
  fn.add(get(m), get(m), wasm.multiply, set(z));
  fn.add(vector(7.0376836292e-2), set(y));
  for (const coefficient of [
    -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1,
    -2.4999993993e-1, 3.3333331174e-1,
  ])
    fn.add(multiplyAdd(get(y), get(m), vector(coefficient), relaxed), set(y));
  fn.add(get(y), get(m), wasm.multiply, get(z), wasm.multiply, set(y));
  fn.add(multiplyAdd(get(e), vector(-2.1219444e-4), get(y), relaxed), set(y));
  fn.add(multiplyAdd(get(z), vector(-0.5), get(y), relaxed), set(y));
  fn.add(get(m), get(y), wasm.add, set(y));
  fn.add(multiplyAdd(get(e), vector(0.693359375), get(y), relaxed), set(y));
  fn.add(vector(-Infinity), get(y), get(argument), vector(0), wasm.f32Equal, wasm.bitSelect, set(y));
  fn.add(get(argument), get(y), get(argument), vector(Infinity), wasm.f32Equal, wasm.bitSelect, set(y));
  // NaN where the argument is negative or NaN.
  fn.add(get(y), vector(NaN), get(argument), vector(0), wasm.f32GreaterEqual, wasm.bitSelect);
}

/** exp(-|x|) of the parameter, in a local; what is below 1e-38 is that. Coefficients as in `exponential`. */
function decay(fn: CodeWriter, argument: number, relaxed: boolean): number {
  const [x, n, y, whole] = [fn.local("v128"), fn.local("v128"), fn.local("v128"), fn.local("v128")];
  fn.add(get(argument), wasm.f32Abs, wasm.f32Negate, vector(-87.33654), wasm.pseudoMaximum, set(x));
  fn.add(multiplyAdd(get(x), vector(Math.LOG2E), vector(roundingShift), relaxed), tee(whole));
  fn.add(vector(roundingShift), wasm.subtract, set(n));
  fn.add(multiplyAdd(get(n), vector(-0.693359375), get(x), relaxed), set(x));
  fn.add(multiplyAdd(get(n), vector(2.1219444e-4), get(x), relaxed), set(x));
  fn.add(vector(1.98756915e-4), set(y));
  for (const coefficient of expCoefficients) fn.add(multiplyAdd(get(y), get(x), vector(coefficient), relaxed), set(y));
  fn.add(get(y), get(x), wasm.multiply, get(x), wasm.multiply, get(x), wasm.add, vector(1), wasm.add);
  fn.add(get(whole), bits(exponentBias), wasm.i32VectorAdd, [0x41, exponentScale], wasm.i32VectorShiftLeft);
  fn.add(wasm.multiply, set(y));
  return y;
}

/** softplus(x) = max(x, 0) + log(1 + t) with t = exp(-|x|), and log(1 + t) = 2 artanh(t / (2 + t)) by its series. */
function softplus(fn: CodeWriter, argument: number, relaxed: boolean): void {
  const t = decay(fn, argument, relaxed);
  const [s, square, y] = [fn.local("v128"), fn.local("v128"), fn.local("v128")];
  fn.add(get(t), get(t), vector(2), wasm.add, wasm.divide, tee(s), get(s), wasm.multiply, set(square));
  // s is 1/3 at most: what follows s^13 is below 1e-8.
  fn.add(vector(2 / 13), set(y));
  for (const power of [11, 9, 7, 5, 3, 1]) fn.add(multiplyAdd(get(y), get(square), vector(2 / power), relaxed), set(y));
  fn.add(multiplyAdd(get(y), get(s), join(get(argument), vector(0), wasm.maximum), relaxed));
}

/** sigmoid(x) = 1 / (1 + t) or t / (1 + t) with t = exp(-|x|). */
function sigmoid(fn: CodeWriter, argument: number, relaxed: boolean): void {
  const t = decay(fn, argument, relaxed);
  fn.add(get(t), vector(1), get(argument), vector(0), wasm.f32Less, wasm.bitSelect);
  fn.add(get(t), vector(1), wasm.add, wasm.divide);
}

/** Functions that loops have in them: their constants are made before the loop, and nothing is saved for a call. */
const inlined = { exp: exponential, log: logarithm, softplus, sigmoid } as const;

export type InlinedName = keyof typeof inlined;
export const isInlined = (name: VectorFunctionName): name is InlinedName => Object.hasOwn(inlined, name);

/** The function of what is on the stack, with locals of its own. */
export function inlineCode(name: InlinedName, local: CodeWriter["local"], relaxed: boolean): Bytes {
  const argument = local("v128");
  const parts: Bytes[] = [];
  inlined[name]({ local, add: (...code) => void parts.push(...code) }, argument, relaxed);
  return join(set(argument), ...parts);
}

function asFunction(name: InlinedName, relaxed: boolean): FunctionWriter {
  const fn = new FunctionWriter(name, ["v128"], ["v128"]);
  inlined[name](fn, 0, relaxed);
  return fn;
}

/** The functions in the order in which they are defined, each by those before it; `index` is the place of the first. */
export function vectorFunctions(index: number, relaxed: boolean): readonly FunctionWriter[] {
  const call = (name: VectorFunctionName): Bytes => [0x10, index + vectorFunctionNames.indexOf(name)];
  // log1p(x) = x log(u) / (u - 1) with u = 1 + x, which loses nothing (Kahan).
  const log1p = new FunctionWriter("log1p", ["v128"], ["v128"]);
  const u = log1p.local("v128");
  const d = log1p.local("v128");
  log1p.add(vector(1), get(0), wasm.add, tee(u), vector(1), wasm.subtract, set(d));
  log1p.add(get(0), get(u), call("log"), get(0), get(d), wasm.divide, wasm.multiply);
  log1p.add(get(d), vector(0), wasm.f32Equal, wasm.bitSelect);
  // expm1(x) by its series near 0.
  const expm1 = new FunctionWriter("expm1", ["v128"], ["v128"]);
  const series = expm1.local("v128");
  expm1.add(vector(1 / 720), set(series));
  for (const coefficient of [1 / 120, 1 / 24, 1 / 6, 1 / 2, 1])
    expm1.add(multiplyAdd(get(series), get(0), vector(coefficient), relaxed), set(series));
  expm1.add(get(series), get(0), wasm.multiply, get(0), call("exp"), vector(1), wasm.subtract);
  expm1.add(get(0), wasm.f32Abs, vector(0.25), wasm.f32Less, wasm.bitSelect);
  // tanh(x) = expm1(2x) / (expm1(2x) + 2), saturated.
  const tanh = new FunctionWriter("tanh", ["v128"], ["v128"]);
  const t = tanh.local("v128");
  tanh.add(get(0), vector(-9.01), wasm.pseudoMaximum, vector(9.01), wasm.pseudoMinimum, set(t));
  tanh.add(get(t), get(t), wasm.add, call("expm1"), tee(t), get(t), vector(2), wasm.add, wasm.divide);
  return [
    asFunction("exp", relaxed),
    asFunction("log", relaxed),
    log1p,
    expm1,
    asFunction("softplus", relaxed),
    asFunction("sigmoid", relaxed),
    tanh,
    logGammaFunction(call("log"), relaxed),
    digammaFunction(call("log"), relaxed),
  ];
}

/** Below this an argument is raised by it, where Stirling's series is exact to float32. */
const stirlingFrom = 8;

/** y, and the factor or sum that takes the raised argument back: `combine` runs over x, x + 1, …, x + 7. */
function raised(
  fn: FunctionWriter,
  combine: (sum: Bytes, shifted: Bytes) => Bytes,
  start: number,
): { readonly y: number; readonly back: number; readonly isSmall: number } {
  const y = fn.local("v128");
  const back = fn.local("v128");
  const isSmall = fn.local("v128");
  fn.add(get(0), vector(stirlingFrom), wasm.f32Less, set(isSmall));
  fn.add(vector(start), set(back));
  for (let i = 0; i < stirlingFrom; i++) fn.add(combine(get(back), join(get(0), vector(i), wasm.add)), set(back));
  fn.add(get(0), vector(stirlingFrom), get(isSmall), wasm.and, wasm.add, set(y));
  return { y, back, isSmall };
}

/**
 * log Gamma of positive numbers by Stirling's series.
 *
 * @source Abramowitz and Stegun 1964, 6.1.41 and 6.1.15
 */
function logGammaFunction(log: Bytes, relaxed: boolean): FunctionWriter {
  const fn = new FunctionWriter("logGamma", ["v128"], ["v128"]);
  const { y, back, isSmall } = raised(fn, (sum, shifted) => join(sum, shifted, wasm.multiply), 1);
  const inverse = fn.local("v128");
  fn.add(vector(1), get(y), wasm.divide, set(inverse));
  const series = multiplyAdd(
    join(get(inverse), get(inverse), wasm.multiply),
    vector(-1 / 360),
    vector(1 / 12),
    relaxed,
  );
  fn.add(get(y), vector(0.5), wasm.subtract, get(y), log, wasm.multiply, get(y), wasm.subtract);
  fn.add(vector(0.5 * Math.log(2 * Math.PI)), wasm.add, series, get(inverse), wasm.multiply, wasm.add);
  fn.add(get(back), log, get(isSmall), wasm.and, wasm.subtract);
  return fn;
}

/**
 * The derivative of log Gamma on positive numbers.
 *
 * @source Abramowitz and Stegun 1964, 6.3.18 and 6.3.6
 */
function digammaFunction(log: Bytes, relaxed: boolean): FunctionWriter {
  const fn = new FunctionWriter("digamma", ["v128"], ["v128"]);
  const { y, back, isSmall } = raised(fn, (sum, shifted) => join(sum, vector(1), shifted, wasm.divide, wasm.add), 0);
  const inverse = fn.local("v128");
  const square = fn.local("v128");
  fn.add(vector(1), get(y), wasm.divide, tee(inverse), get(inverse), wasm.multiply, set(square));
  fn.add(get(y), log, get(inverse), vector(0.5), wasm.multiply, wasm.subtract);
  fn.add(
    get(square),
    multiplyAdd(get(square), vector(-1 / 120), vector(1 / 12), relaxed),
    wasm.multiply,
    wasm.subtract,
  );
  fn.add(get(back), get(isSmall), wasm.and, wasm.subtract);
  return fn;
}
