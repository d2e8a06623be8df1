import type { Identifiers } from "./identifiers.js";
import type { IndexExpression, LoopStatement } from "./loop-ir.js";
import { type LoopVariable, resolve } from "./loop-tree.js";

/** What is being written: the body of a loop, or of the function. */
export interface Scope {
  readonly variable: LoopVariable | undefined;
  readonly name: string;
  /** Declared at the start of the body. */
  readonly first: LoopStatement[];
  readonly body: LoopStatement[];
  /** Indices declared in `first`, by what they are. */
  readonly indices: Map<string, string>;
}

/** The bodies that are being written, outermost first. */
export class Scopes {
  readonly stack: Scope[] = [];

  constructor(private readonly names: Identifiers) {}

  get innermost(): number {
    return this.stack.length - 1;
  }

  open(variable: LoopVariable | undefined, name: string): void {
    this.stack.push({ variable, name, first: [], body: [], indices: new Map() });
  }

  close(): Scope {
    const scope = this.stack.pop();
    if (scope === undefined) throw new Error("write loops: no open scope");
    return scope;
  }

  emit(statement: LoopStatement): void {
    this.stack[this.stack.length - 1].body.push(statement);
  }

  depthOf(variable: LoopVariable): number {
    const depth = this.stack.findIndex(
      (scope) => scope.variable !== undefined && resolve(scope.variable) === resolve(variable),
    );
    if (depth < 0) throw new Error(`write loops: the loop over ${variable.axis} is not open`);
    return depth;
  }

  declared(index: IndexExpression, depth: number, inline: boolean): IndexExpression {
    if (index.kind === "integer" || index.kind === "name" || depth === 0 || depth >= this.stack.length) return index;
    if (inline && depth === this.stack.length - 1) return index;
    const scope = this.stack[depth];
    const key = JSON.stringify(index);
    let name = scope.indices.get(key);
    if (name === undefined) {
      name = this.names.unique(`${scope.name} start`);
      scope.indices.set(key, name);
      scope.first.push({ kind: "declareIndex", name, value: index });
    }
    return { kind: "name", name };
  }
}
