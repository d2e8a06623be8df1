import type { DiagramNode, PlateDiagram } from "./plate-diagram.js";

const dotShapes: Readonly<Record<DiagramNode["kind"], string>> = {
  latent: "shape=circle",
  observed: "shape=circle, style=filled, fillcolor=lightgrey",
  given: 'shape=circle, style="filled,dashed", fillcolor=lightgrey',
  parameter: "shape=box, style=rounded",
  constant: 'shape=box, style="rounded,dashed"',
  network: "shape=box, peripheries=2",
};

/** The diagram for Graphviz. */
export function toDot({ title, nodes, plates, edges }: PlateDiagram): string {
  const node = ({ name, kind, caption }: DiagramNode): string =>
    `${quoted(name)} [label=${quoted(`${name}\n${caption}`)}, ${dotShapes[kind]}];`;
  const block = (parent: string | undefined, indent: string): readonly string[] => [
    ...nodes.filter(({ plate }) => plate === parent).map((each) => `${indent}${node(each)}`),
    ...plates
      .filter((plate) => plate.parent === parent)
      .flatMap(({ id, label }) => [
        `${indent}subgraph ${quoted(`cluster ${id}`)} {`,
        `${indent}  label=${quoted(label)}; labelloc=b; labeljust=r; style=rounded;`,
        ...block(id, `${indent}  `),
        `${indent}}`,
      ]),
  ];
  const lines = edges.map(({ from, to, label, isGuide }) => {
    const attributes = [
      ...(label === undefined ? [] : [`label=${quoted(label)}`]),
      ...(isGuide ? ["style=dashed", "constraint=false"] : []),
    ];
    return `  ${quoted(from)} -> ${quoted(to)}${attributes.length === 0 ? "" : ` [${attributes.join(", ")}]`};`;
  });
  return [`digraph ${quoted(title)} {`, ...block(undefined, "  "), ...lines, "}", ""].join("\n");
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

/** The diagram for Mermaid, as Markdown pages render it. */
export function toMermaid({ nodes, plates, edges }: PlateDiagram): string {
  // Names of the language are letters, digits and `_`; some are words of Mermaid's own.
  const id = (name: string): string => `n_${name}`;
  const node = ({ name, kind, caption }: DiagramNode): string => {
    const text = `"${name}<br/><small>${caption.replaceAll("~", "∼")}</small>"`;
    const shape =
      kind === "network" ? `[[${text}]]` : kind === "parameter" || kind === "constant" ? `(${text})` : `((${text}))`;
    return `${id(name)}${shape}:::${kind}`;
  };
  const block = (parent: string | undefined, indent: string): readonly string[] => [
    ...nodes.filter(({ plate }) => plate === parent).map((each) => `${indent}${node(each)}`),
    ...plates
      .filter((plate) => plate.parent === parent)
      .flatMap((plate) => [
        `${indent}subgraph p${plates.indexOf(plate)}["${plate.label}"]`,
        ...block(plate.id, `${indent}  `),
        `${indent}end`,
      ]),
  ];
  return [
    "flowchart TB",
    ...block(undefined, "  "),
    ...edges.map(({ from, to, label, isGuide }) => {
      const text = label === undefined ? "" : `|"${label}"|`;
      return `  ${id(from)} ${isGuide ? "-.->" : "-->"}${text} ${id(to)}`;
    }),
    "  classDef latent fill:#fff,stroke:#212529,color:#212529",
    "  classDef observed fill:#ced4da,stroke:#212529,color:#212529",
    "  classDef given fill:#ced4da,stroke:#212529,stroke-dasharray:4 3,color:#212529",
    "  classDef parameter fill:#fff,stroke:#868e96,color:#212529",
    "  classDef constant fill:#fff,stroke:#868e96,stroke-dasharray:4 3,color:#212529",
    "  classDef network fill:#e7f5ff,stroke:#1971c2,color:#212529",
    "",
  ].join("\n");
}
