import type { Bindings } from "./bindings.js";
import type { Identifiers } from "./identifiers.js";
import { times } from "./index-arithmetic.js";
import type { IndexExpression, LoopStatement } from "./loop-ir.js";
import type { Value } from "./loop-tree.js";

/** How the lanes of a loop over several rows at a time are told apart in names. */
export const laneSuffixes = ["A", "B", "C", "D", "E", "F", "G", "H"] as const;

/** Names of values, and the arrays of those that need memory. */
export class ValueMemory {
  /** Declarations of the arrays, totals left out. */
  readonly statements: LoopStatement[] = [];
  private readonly valueNames = new Map<Value, string>();
  private readonly laneNames = new Map<Value, readonly string[]>();

  constructor(
    private readonly names: Identifiers,
    private readonly bindings: Bindings,
    /** Positions of the axes along which each value needs memory. */
    readonly kept: ReadonlyMap<Value, readonly number[]>,
    private readonly lanes: number,
  ) {}

  nameOf(value: Value, lane: number | undefined): string {
    if (lane !== undefined && value.pass !== undefined && this.keptOf(value).length === 0) {
      const names = this.laneNames.get(value) ?? this.namesByLane(value.name);
      this.laneNames.set(value, names);
      return names[lane];
    }
    const known = this.valueNames.get(value);
    if (known !== undefined) return known;
    const name = this.names.unique(value.name);
    this.valueNames.set(value, name);
    if (!value.isTotal && this.keptOf(value).length > 0) {
      this.statements.push({ kind: "declareArray", name, length: this.lengthOf(value) });
    }
    return name;
  }

  private namesByLane(wanted: string): string[] {
    return laneSuffixes.slice(0, this.lanes).map((suffix) => this.names.unique(`${wanted} ${suffix}`));
  }

  keptOf(value: Value): readonly number[] {
    return this.kept.get(value) ?? [];
  }

  lengthOf(value: Value): IndexExpression {
    return this.keptOf(value)
      .map((position) => this.bindings.size(value.sizes[position]))
      .reduce(times, { kind: "integer", value: value.pass === undefined ? 1 : this.lanes });
  }
}
