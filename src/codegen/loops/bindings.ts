import type { AxisSize, InputSource, Sweep } from "../../ir/plan.js";
import { literalSize } from "../literal-size.js";
import type { Identifiers } from "./identifiers.js";
import type { ArraySource, IndexExpression, LoopFunction, LoopStatement } from "./loop-ir.js";

/** What a function reads of its surroundings, each thing once, and the statements that read it. */
export class Bindings {
  readonly statements: LoopStatement[] = [];
  readonly reads: Record<keyof LoopFunction["reads"], boolean> = {
    sizes: false,
    parameters: false,
    previous: false,
    block: false,
    streams: false,
    outputs: false,
  };
  private readonly sizesRead = new Map<string, string>();
  private readonly arraysBound = new Map<string, string>();

  constructor(
    private readonly names: Identifiers,
    private readonly sweep?: Sweep,
  ) {}

  size(size: AxisSize): IndexExpression {
    switch (size.kind) {
      case "literal":
        return { kind: "integer", value: size.value };
      case "rows":
        return {
          kind: "name",
          name: this.sizeName("rows", (name) => ({ kind: "readRows", name, ...this.ofSweep() }), "rowCount"),
        };
      case "symbol": {
        const read = (name: string): LoopStatement => ({ kind: "readSize", name, size: size.name });
        return { kind: "name", name: this.sizeName(`symbol ${size.name}`, read, size.name) };
      }
      case "sum": {
        const known = literalSize(size);
        if (known !== undefined) return { kind: "integer", value: known };
        const value = size.terms
          .map((term) => this.size(term))
          .reduce((left, right): IndexExpression => ({ kind: "add", left, right }));
        const wanted = size.terms
          .map((term) => (term.kind === "symbol" ? term.name : term.kind === "literal" ? term.value : "sum"))
          .join("Plus");
        const declare = (name: string): LoopStatement => ({ kind: "declareIndex", name, value });
        return { kind: "name", name: this.sizeName(JSON.stringify(size), declare, wanted) };
      }
    }
  }

  private ofSweep(): { sweep?: Sweep } {
    return this.sweep === undefined ? {} : { sweep: this.sweep };
  }

  private sizeName(key: string, declare: (name: string) => LoopStatement, wanted: string): string {
    const known = this.sizesRead.get(key);
    if (known !== undefined) return known;
    const name = this.names.unique(wanted);
    this.sizesRead.set(key, name);
    if (key === "rows") this.reads.block = true;
    if (key.startsWith("symbol ")) this.reads.sizes = true;
    this.statements.push(declare(name));
    return name;
  }

  array(source: ArraySource, key: string): string {
    const id = `${source} ${key}`;
    const known = this.arraysBound.get(id);
    if (known !== undefined) return known;
    const wanted = { parameters: key, previous: `previous ${key}`, data: key, tables: key, into: `${key} out` }[source];
    const name = this.names.unique(wanted);
    this.arraysBound.set(id, name);
    if (source === "parameters" || source === "previous") this.reads[source] = true;
    if (source === "data" || source === "tables") this.reads.block = true;
    if (source === "into") this.reads.outputs = true;
    this.statements.push({ kind: "bindArray", name, source, key });
    return name;
  }
}

export function arraySource(source: InputSource): ArraySource {
  switch (source) {
    case "parameter":
      return "parameters";
    case "previous":
      return "previous";
    case "data":
      return "data";
    case "table":
      return "tables";
    case "carry":
      return "into";
  }
}
