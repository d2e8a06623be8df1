/** The TextMate grammar of the language, from its EBNF. */
export function textMateGrammar(ebnf: string): object;
