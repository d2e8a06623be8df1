import type { ChainElboDescription } from "./chain-elbo-description.js";
import type { Tape } from "./tape.js";

type Chain = ChainElboDescription["chain"];

/** Memories, and then the latents step by step: drawn, or at the centres of their distributions. */
export async function runForward(chain: Chain, tape: Tape, how: "draw" | "centre"): Promise<void> {
  for (const memory of chain.memories) {
    const { after, before } = tape.packed;
    const neighbour = memory.isBackward ? after : before;
    const part = `recall.${memory.name}`;
    const known = tape.table(memory.name);
    const earlier = tape.table(`before.${memory.name}`);
    const width = known.length / Math.max(1, tape.rows);
    for (const [begin, end] of stepsOf(tape, memory.isBackward)) {
      for (let row = begin; row < end; row++) {
        const from = neighbour[row];
        if (from >= 0) earlier.set(known.subarray(from * width, (from + 1) * width), row * width);
      }
      await tape.run(part, begin, end);
      tape.keep(part, begin, end);
    }
  }
  for (const [begin, end, position] of stepsOf(tape, false)) {
    const part = `${how}.${Math.min(position, chain.depth)}`;
    lookBack(chain, tape, begin, end);
    await tape.run(part, begin, end);
    tape.keep(part, begin, end);
  }
}

/** Earlier latents, to where their readers find them. */
function lookBack(chain: Chain, tape: Tape, begin: number, end: number): void {
  for (const { name, reach } of chain.latents)
    for (let lag = 1; lag <= reach; lag++) tape.look(`${name}[t-${lag}]`, tape.table(name), lag, begin, end);
}

/** A part of every position, on all rows that have it. */
export async function runAll(chain: Chain, tape: Tape, part: string): Promise<void> {
  for (const [name, begin, end] of rangesOf(chain, tape, part)) await tape.run(name, begin, end);
}

/** The bound and its derivatives: what parts add is in the totals of the tape. */
export async function runBackward(chain: Chain, tape: Tape): Promise<void> {
  for (const [name, begin, end] of rangesOf(chain, tape, "terms")) {
    await tape.run(name, begin, end);
    tape.absorb(name, begin, end);
  }
  for (const [begin, end, position] of stepsOf(tape, true)) {
    const part = `back.draw.${Math.min(position, chain.depth)}`;
    await tape.run(part, begin, end);
    tape.absorb(part, begin, end);
  }
  for (const [name, begin, end] of rangesOf(chain, tape, "learn.draw")) {
    await tape.run(name, begin, end);
    tape.absorb(name, begin, end);
  }
  for (const memory of [...chain.memories].reverse()) {
    const part = `back.${memory.name}`;
    for (const [begin, end] of stepsOf(tape, !memory.isBackward)) {
      await tape.run(part, begin, end);
      tape.absorb(part, begin, end);
    }
    await tape.run(`learn.${memory.name}`, 0, tape.rows);
    tape.absorb(`learn.${memory.name}`, 0, tape.rows);
  }
}

/** Rows of each step, with its position in the sequences. */
function stepsOf(
  { packed: { starts } }: Tape,
  isDescending: boolean,
): readonly (readonly [begin: number, end: number, position: number])[] {
  const steps = Array.from(
    { length: starts.length - 1 },
    (_, position) => [starts[position], starts[position + 1], position] as const,
  );
  return isDescending ? steps.reverse() : steps;
}

/** Rows for which there is a part of its own: those of each position before the depth, and all later ones. */
function rangesOf(
  { depth }: Chain,
  { packed: { starts } }: Tape,
  part: string,
): readonly (readonly [name: string, begin: number, end: number])[] {
  const steps = starts.length - 1;
  const ranges: [string, number, number][] = [];
  for (let position = 0; position <= Math.min(depth, steps - 1); position++) {
    const end = position < depth ? starts[position + 1] : starts[steps];
    ranges.push([`${part}.${position}`, starts[position], end]);
  }
  return ranges;
}
