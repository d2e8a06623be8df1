import { describeLines, type EquationRow, type Explanation, type ExplanationFormat, type Section } from "./document.js";
import { escapeLatex, printMathLatex } from "./print-math-latex.js";
import { escapeHtml, printMathMl } from "./print-math-mathml.js";
import { printMathText } from "./print-math-text.js";

/** An explanation in one of the formats; LaTeX is a snippet for a document with amsmath, HTML a whole page. */
export function printExplanation(explanation: Explanation, format: ExplanationFormat): string {
  switch (format) {
    case "text":
      return printText(explanation);
    case "latex":
      return printLatex(explanation);
    case "markdown":
      return printMarkdown(explanation);
    case "html":
      return printHtml(explanation);
  }
}

/** Running text with its `code` in the format's way, and the rest escaped. */
function inline(text: string, escape: (part: string) => string, code: (part: string) => string): string {
  return text
    .split("`")
    .map((part, i) => (i % 2 === 1 ? code(part) : escape(part)))
    .join("");
}

const latexText = (text: string): string => inline(text, escapeLatex, (code) => `\\texttt{${escapeLatex(code)}}`);
const htmlText = (text: string): string => inline(text, escapeHtml, (code) => `<code>${escapeHtml(code)}</code>`);

function printText({ title, summary, sections }: Explanation): string {
  const labels = sections.flatMap((section) => (section.kind === "equations" ? [section.label.length] : []));
  const indent = Math.max(0, ...labels) + 3;
  const written = sections.map((section) => textSection(section, indent));
  return `${[title, ...(summary === undefined ? [] : [summary]), "", ...written].join("\n")}\n`;
}

function textSection(section: Section, indent: number): string {
  switch (section.kind) {
    case "paragraph":
      return section.label === undefined ? section.text : `${section.label}: ${section.text}`;
    case "list":
      return [`${section.label}:`, ...section.items.map((item) => `  - ${item.replaceAll("\n", "\n    ")}`)].join("\n");
    case "equations": {
      const formulas = section.rows.map(
        ({ math, note }) => printMathText(math) + (note === undefined ? "" : `   (${note})`),
      );
      const width = Math.max(...formulas.map((formula) => formula.length));
      return section.rows
        .map(({ lines }, i) => {
          const label = (i === 0 ? section.label : "").padEnd(indent);
          return `${label}${(formulas[i] ?? "").padEnd(width)}  ${describeLines(lines)}`.trimEnd();
        })
        .join("\n");
    }
  }
}

function printLatex({ title, summary, sections }: Explanation): string {
  const head = [`\\paragraph{${escapeLatex(title)}}`, ...(summary === undefined ? [] : [latexText(summary)])];
  const written = sections.map((section) => {
    switch (section.kind) {
      case "paragraph":
        return `${section.label === undefined ? "" : `\\textit{${escapeLatex(section.label)}.} `}${latexText(section.text)}\n`;
      case "list": {
        const items = section.items.map((item) => `  \\item ${latexText(item)}`);
        return [`\\textit{${escapeLatex(section.label)}.}`, "\\begin{itemize}", ...items, "\\end{itemize}"].join("\n");
      }
      case "equations": {
        const rows = section.rows.map((row) => `  ${alignedLatex(row)} && ${remarkLatex(row)}`);
        return [
          `\\textit{${escapeLatex(section.label)}.}`,
          "\\begin{align*}",
          rows.join(" \\\\\n"),
          "\\end{align*}",
        ].join("\n");
      }
    }
  });
  return `${[...head, ...written].join("\n")}\n`;
}

/** The alignment mark goes in front of the equals sign. */
function alignedLatex({ math }: EquationRow): string {
  if (math.kind !== "infix" || math.operator !== "=") return `& ${printMathLatex(math)}`;
  return `${printMathLatex(math.left)} &= ${printMathLatex(math.right)}`;
}

function remarkLatex({ note, lines }: EquationRow): string {
  const remark = [...(note === undefined ? [] : [note]), describeLines(lines)].filter((part) => part !== "").join("; ");
  return remark === "" ? "" : `\\text{${escapeLatex(remark)}}`;
}

function printMarkdown({ title, summary, sections }: Explanation): string {
  const written = sections.map((section) => {
    switch (section.kind) {
      case "paragraph":
        return section.label === undefined ? section.text : `**${section.label}.** ${section.text}`;
      case "list":
        return `**${section.label}.**\n\n${section.items.map((item) => `- ${item.replaceAll("\n", "\n  ")}`).join("\n")}`;
      case "equations": {
        const rows = section.rows.map((row) => {
          const remark = [...(row.note === undefined ? [] : [row.note]), describeLines(row.lines)].filter(
            (part) => part !== "",
          );
          return `- $${printMathLatex(row.math)}$${remark.length === 0 ? "" : ` — ${remark.join("; ")}`}`;
        });
        return `### ${section.label}\n\n${rows.join("\n")}`;
      }
    }
  });
  return `${[`## ${title}`, ...(summary === undefined ? [] : [summary]), ...written].join("\n\n")}\n`;
}

function printHtml({ title, summary, sections }: Explanation): string {
  const written = sections.map((section) => {
    switch (section.kind) {
      case "paragraph": {
        const label = section.label === undefined ? "" : `<strong>${escapeHtml(section.label)}.</strong> `;
        return `<p>${label}${htmlText(section.text)}</p>`;
      }
      case "list": {
        const items = section.items.map((item) => `<li>${htmlText(item)}</li>`).join("\n");
        return `<p><strong>${escapeHtml(section.label)}.</strong></p>\n<ul>\n${items}\n</ul>`;
      }
      case "equations": {
        const rows = section.rows.map(
          ({ math, note, lines }) =>
            `<tr><td>${printMathMl(math)}</td><td>${escapeHtml(note ?? "")}</td><td class="lines">${describeLines(lines)}</td></tr>`,
        );
        return `<h2>${escapeHtml(section.label)}</h2>\n<table>\n${rows.join("\n")}\n</table>`;
      }
    }
  });
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escapeHtml(title)}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
td { padding: 0.4rem 1rem 0.4rem 0; vertical-align: middle; }
.lines { color: #666; white-space: nowrap; }
</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${[...(summary === undefined ? [] : [`<p>${htmlText(summary)}</p>`]), ...written].join("\n")}
</body>
</html>
`;
}
