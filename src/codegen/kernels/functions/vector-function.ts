import { get, multiplyAdd, set } from "../wasm/code.js";
import type { ConstantTable } from "../wasm/constants.js";
import { FunctionBuilder } from "../wasm/function-builder.js";
import type { Code, WasmFunction } from "../wasm/instructions.js";

/** What a function of two float64 numbers at once is written with. */
export interface FunctionContext {
  readonly constants: ConstantTable;
}

export type VectorFunction = (context: FunctionContext) => WasmFunction;

/** A function of one vector of two; `write` gets the argument and says what the result is. */
export function vectorFunction(
  name: string,
  comment: string,
  write: (builder: FunctionBuilder, x: Code, context: FunctionContext) => Code,
): VectorFunction {
  return (context) => {
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
}

/** Evaluates an expression once. */
export function once(builder: FunctionBuilder, name: string, value: Code): Code {
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
