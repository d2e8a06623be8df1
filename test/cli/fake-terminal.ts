import type { Terminal } from "../../src/cli/terminal.js";

/** A terminal that remembers. */
export interface FakeTerminal extends Terminal {
  output(): string;
  messages(): string;
}

export function fakeTerminal(more: Partial<Terminal> & { readonly stdin?: string } = {}): FakeTerminal {
  let output = "";
  let messages = "";
  return {
    out: (text) => {
      output += text;
    },
    message: (text) => {
      messages += text;
    },
    input: async function* () {
      yield more.stdin ?? "";
    },
    messagesAreSeen: false,
    color: false,
    environment: {},
    signal: new AbortController().signal,
    ...more,
    output: () => output,
    messages: () => messages,
  };
}
