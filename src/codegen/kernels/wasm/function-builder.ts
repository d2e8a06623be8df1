import type { Code, ValueType, WasmFunction } from "./instructions.js";

/** A function being written. */
export class FunctionBuilder {
  private readonly locals: { readonly name: string; readonly type: ValueType }[];
  private readonly code: Code[] = [];

  constructor(
    readonly name: string,
    private readonly signature: {
      readonly parameters: readonly { readonly name: string; readonly type: ValueType }[];
      readonly results: readonly ValueType[];
      readonly isExported: boolean;
      readonly comment?: string;
    },
  ) {
    this.locals = [...signature.parameters];
  }

  local(name: string, type: ValueType): number {
    return this.locals.push({ name, type }) - 1;
  }

  append(...parts: readonly Code[]): void {
    this.code.push(...parts);
  }

  build(): WasmFunction {
    const { parameters, results, isExported, comment } = this.signature;
    return {
      name: this.name,
      isExported,
      ...(comment === undefined ? {} : { comment }),
      parameters: parameters.map(({ type }) => type),
      results,
      locals: this.locals,
      code: this.code,
    };
  }
}
