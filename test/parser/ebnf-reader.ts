/** A small reader of EBNF, a recogniser and a sentence generator, which share no code with the parser under test. */

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "reference"; readonly name: string }
  | { readonly kind: "sequence"; readonly parts: readonly Node[] }
  | { readonly kind: "choice"; readonly options: readonly Node[] }
  | { readonly kind: "optional"; readonly body: Node }
  | { readonly kind: "repeated"; readonly body: Node }
  | { readonly kind: "pattern"; readonly pattern: RegExp };

export type Grammar = ReadonlyMap<string, Node>;

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

export function readEbnf(text: string): Grammar {
  const tokens = [
    ...text.replace(/\(\*[^]*?\*\)/g, "").matchAll(/"[^"]*"|\? .*? \?(?= ;)|[A-Za-z]+|[=|;()[\]{}]/g),
  ].map((m) => m[0]);
  let next = 0;
  const take = (): string => tokens[next++];
  const choice = (): Node => {
    const options = [sequence()];
    while (tokens[next] === "|") {
      next++;
      options.push(sequence());
    }
    return options.length === 1 ? options[0] : { kind: "choice", options };
  };
  const sequence = (): Node => {
    const parts: Node[] = [];
    while (next < tokens.length && !"|;)]}".includes(tokens[next])) parts.push(item());
    return parts.length === 1 ? parts[0] : { kind: "sequence", parts };
  };
  const item = (): Node => {
    const token = take();
    if (token.startsWith('"')) return { kind: "text", text: token.slice(1, -1) };
    if (token.startsWith("?")) return { kind: "pattern", pattern: new RegExp(`^(?:${token.slice(2, -2)})$`) };
    if (!(token in CLOSING)) return { kind: "reference", name: token };
    const body = choice();
    if (take() !== CLOSING[token]) throw new Error(`unbalanced ${token} in the EBNF`);
    return token === "(" ? body : token === "[" ? { kind: "optional", body } : { kind: "repeated", body };
  };
  const grammar = new Map<string, Node>();
  while (next < tokens.length) {
    const name = take();
    if (take() !== "=") throw new Error(`expected = after ${name}`);
    grammar.set(name, choice());
    if (take() !== ";") throw new Error(`expected ; after the rule ${name}`);
  }
  return grammar;
}

/** The quoted words of the grammar. */
export function wordsOf(grammar: Grammar): ReadonlySet<string> {
  const words = new Set<string>();
  const visit = (node: Node): void => {
    if (node.kind === "text" && /^[a-z]+$/.test(node.text)) words.add(node.text);
    if (node.kind === "sequence") node.parts.forEach(visit);
    if (node.kind === "choice") node.options.forEach(visit);
    if (node.kind === "optional" || node.kind === "repeated") visit(node.body);
  };
  [...grammar.values()].forEach(visit);
  return words;
}

/** Does the grammar derive exactly these tokens? Every way is tried, positions being kept as sets. */
export function recognises(
  grammar: Grammar,
  start: string,
  tokens: readonly string[],
  neverNames: ReadonlySet<string>,
): boolean {
  const known = new Map<string, ReadonlySet<number>>();
  const isName = (token: string): boolean => !neverNames.has(token);
  const ends = (node: Node, at: number): ReadonlySet<number> => {
    switch (node.kind) {
      case "text":
        return new Set(tokens[at] === node.text ? [at + 1] : []);
      case "pattern":
        throw new Error("patterns stand in rules of their own");
      case "reference": {
        const rule = grammar.get(node.name);
        if (rule === undefined) throw new Error(`no rule ${node.name}`);
        if (rule.kind === "pattern") {
          const fits =
            at < tokens.length && rule.pattern.test(tokens[at]) && (node.name !== "NAME" || isName(tokens[at]));
          return new Set(fits ? [at + 1] : []);
        }
        const key = `${node.name}@${at}`;
        const before = known.get(key);
        if (before !== undefined) return before;
        known.set(key, new Set());
        const result = ends(rule, at);
        known.set(key, result);
        return result;
      }
      case "sequence": {
        let positions: ReadonlySet<number> = new Set([at]);
        for (const part of node.parts)
          positions = new Set([...positions].flatMap((position) => [...ends(part, position)]));
        return positions;
      }
      case "choice":
        return new Set(node.options.flatMap((option) => [...ends(option, at)]));
      case "optional":
        return new Set([at, ...ends(node.body, at)]);
      case "repeated": {
        const reached = new Set([at]);
        for (const position of reached) for (const end of ends(node.body, position)) reached.add(end);
        return reached;
      }
    }
  };
  return ends({ kind: "reference", name: start }, 0).has(tokens.length);
}

const TERMINALS: Readonly<Record<string, readonly string[]>> = {
  NAME: ["x", "z", "K", "mean", "Normal", "k'", "_t1", "alpha", "weight", "size", "init", "learn", "in"],
  NUMBER: ["0", "12", "0.5", "1e-3", "2.5E+4"],
  INT: ["1", "3", "28"],
};

/** A random sentence; deep down, the shortest way out is taken. */
export function randomSentence(grammar: Grammar, start: string, random: () => number, budget: number): string[] {
  const shortest = new Map<string, number>();
  const length = (node: Node): number => {
    switch (node.kind) {
      case "text":
      case "pattern":
        return 1;
      case "reference":
        return shortest.get(node.name) ?? Number.POSITIVE_INFINITY;
      case "sequence":
        return node.parts.reduce((sum, part) => sum + length(part), 0);
      case "choice":
        return Math.min(...node.options.map(length));
      case "optional":
      case "repeated":
        return 0;
    }
  };
  for (let round = 0; round < grammar.size; round++)
    for (const [name, node] of grammar) shortest.set(name, length(node));
  const sentence: string[] = [];
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)];
  const write = (node: Node): void => {
    const spent = sentence.length > budget;
    switch (node.kind) {
      case "text":
        sentence.push(node.text);
        return;
      case "pattern":
        throw new Error("patterns stand in rules of their own");
      case "reference": {
        if (node.name in TERMINALS) sentence.push(pick(TERMINALS[node.name]));
        else write(grammar.get(node.name) ?? { kind: "sequence", parts: [] });
        return;
      }
      case "sequence":
        node.parts.forEach(write);
        return;
      case "choice": {
        const least = Math.min(...node.options.map(length));
        write(pick(spent ? node.options.filter((option) => length(option) === least) : node.options));
        return;
      }
      case "optional":
        if (!spent && random() < 0.4) write(node.body);
        return;
      case "repeated":
        while (sentence.length <= budget && random() < 0.55) write(node.body);
    }
  };
  write({ kind: "reference", name: start });
  return sentence;
}
