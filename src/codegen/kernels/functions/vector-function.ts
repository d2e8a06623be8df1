import { get, multiplyAdd, set } from "../wasm/code.js";
import type { ConstantTable } from "../wasm/constants.js";
import { FunctionBuilder } from "../wasm/function-builder.js";
import type { Code, WasmFunction } from "../wasm/instructions.js";

/** What a function of two float64 numbers at once is written with. */
export interface FunctionContext {
  readonly constants: ConstantTable;
}

/** Where the statements of a function go: a function of its own, or the place where it is used. */
export type StatementSink = Pick<FunctionBuilder, "local" | "append">;

/** Appends what is to be computed first, and says what the result is. */
type WriteBody = (builder: StatementSink, x: Code, context: FunctionContext) => Code;

export interface VectorFunction {
  (context: FunctionContext): WasmFunction;
  readonly body: WriteBody;
}

/** A function of one vector of two; `write` gets the argument and says what the result is. */
export function vectorFunction(name: string, comment: string, write: WriteBody): VectorFunction {
  const whole = (context: FunctionContext): WasmFunction => {
    const builder = new FunctionBuilder(name, {
      parameters: [{ name: "x", type: "v128" }],
      results: ["v128"],
      isExported: false,
      comment,
    });
    const result = write(builder, get(0), context);
    builder.append(result);
    return builder.build();
  };
  return Object.assign(whole, { body: write });
}

/** The function's own statements in place of a call, which would have all vectors at hand put into memory. */
export function inlined(fn: VectorFunction, newLocal: StatementSink["local"], x: Code, context: FunctionContext): Code {
  const code: Code[] = [];
  const sink: StatementSink = { local: newLocal, append: (...parts) => void code.push(...parts) };
  const argument = once(sink, "argument", x);
  const result = fn.body(sink, argument, context);
  return [...code, result];
}

/** Evaluates an expression once. */
export function once(builder: StatementSink, name: string, value: Code): Code {
  const local = builder.local(name, "v128");
  builder.append(set(local, value));
  return get(local);
}

/** coefficients[0] + x * (coefficients[1] + x * (…)) */
export function horner({ constants }: FunctionContext, coefficients: readonly number[], x: Code): Code {
  return coefficients
    .slice(0, -1)
    .reduceRight(
      (sum, coefficient) => multiplyAdd(x, sum, constants.splat(coefficient)),
      constants.splat(coefficients[coefficients.length - 1]),
    );
}
