import { captionHeight, figureHeight, figureWidth, fontSize, layoutDiagram, type Box, type Point } from "./layout.js";
import type { DiagramEdge, DiagramNode, PlateDiagram } from "./plate-diagram.js";

const ink = "#212529";
const faint = "#868e96";
const shade = "#ced4da";
/** Small text with a rim of the ground's colour. */
const small = `font-size="${fontSize.caption}" fill="#495057" stroke="#fff" stroke-width="3" paint-order="stroke"`;

/** The diagram as SVG: circles for random variables (shaded: seen), rounded boxes for parameters, framed ones for networks. */
export function toSvg(diagram: PlateDiagram): string {
  const layout = layoutDiagram(diagram);
  const width = Math.ceil(layout.width);
  const height = Math.ceil(layout.height);
  const nodeOf = new Map(diagram.nodes.map((node) => [node.name, node]));
  const drawn = [
    ...diagram.plates.flatMap(({ id }) => {
      const box = layout.plates.get(id);
      return box === undefined ? [] : [plate(box)];
    }),
    ...diagram.edges.flatMap((edge, i) => {
      const [from, to] = [nodeOf.get(edge.from), nodeOf.get(edge.to)];
      const [start, end] = [layout.nodes.get(edge.from), layout.nodes.get(edge.to)];
      if (from === undefined || to === undefined || start === undefined || end === undefined) return [];
      return [arrow(edge, layout.edges[i] ?? [], { node: from, box: start }, { node: to, box: end })];
    }),
    ...diagram.nodes.flatMap((node) => {
      const box = layout.nodes.get(node.name);
      return box === undefined ? [] : [figure(node, box)];
    }),
    ...diagram.plates.flatMap(({ id, label }) => {
      const box = layout.plates.get(id);
      return box === undefined ? [] : [plateLabel(box, label)];
    }),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" role="img" aria-label="${escaped(`plate diagram of ${diagram.title}`)}">`,
    `<title>${escaped(diagram.title)}</title>`,
    `<defs><marker id="head" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0.5 8 4 0 7.5z" fill="${ink}"/></marker></defs>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...drawn,
    "</svg>",
    "",
  ].join("\n");
}

function plate({ x, y, width, height }: Box): string {
  return `<rect x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" rx="8" fill="none" stroke="${faint}"/>`;
}

/** Drawn last: arrows that cross it leave it readable. */
function plateLabel({ x, y, width, height }: Box, label: string): string {
  return text(x + width - 8, y + height - 6, label, `text-anchor="end" ${small}`);
}

function figure(node: DiagramNode, box: Box): string {
  const { x, y } = centre(box);
  const width = figureWidth(node);
  const isRound = node.kind === "latent" || node.kind === "observed" || node.kind === "given";
  const fill = node.kind === "observed" || node.kind === "given" ? shade : node.kind === "network" ? "#e7f5ff" : "#fff";
  const stroke = node.kind === "network" ? "#1971c2" : isRound ? ink : faint;
  const dash = node.kind === "given" || node.kind === "constant" ? ' stroke-dasharray="4 3"' : "";
  // A name that is too long for a circle stands in an oval.
  const corner = isRound ? figureHeight / 2 : node.kind === "network" ? 2 : 10;
  return [
    `<g><title>${escaped(node.description)}</title>`,
    `<rect x="${px(x - width / 2)}" y="${px(y - figureHeight / 2)}" width="${px(width)}" height="${figureHeight}" rx="${corner}" fill="${fill}" stroke="${stroke}" stroke-width="1.4"${dash}/>`,
    text(x, y + 5, node.name, `text-anchor="middle" font-size="${fontSize.name}" fill="${ink}"`),
    text(
      x,
      y + figureHeight / 2 + captionHeight - 5,
      node.caption,
      `text-anchor="middle" font-size="${fontSize.caption}" fill="#495057"`,
    ),
    "</g>",
  ].join("");
}

interface End {
  readonly node: DiagramNode;
  readonly box: Box;
}

function arrow(edge: DiagramEdge, points: readonly Point[], from: End, to: End): string {
  if (edge.from === edge.to) return loop(edge, from);
  const { label, isGuide } = edge;
  const inner = points.slice(1, -1);
  const first = border(from, inner[0] ?? centre(to.box));
  const last = border(to, inner.at(-1) ?? centre(from.box));
  const middle = inner[Math.floor(inner.length / 2)];
  return [
    line(curve([first, ...inner, last]), isGuide),
    ...(label === undefined || middle === undefined
      ? []
      : [text(middle.x, middle.y + 4, label, `text-anchor="middle" ${small}`)]),
  ].join("");
}

/** From a variable to itself, a step later: an arc beside it. */
function loop({ label, isGuide }: DiagramEdge, { node, box }: End): string {
  const { x, y } = centre(box);
  const right = x + figureWidth(node) / 2;
  const reach = 26;
  const path = `M${px(right - 4)} ${px(y - 12)}C${px(right + reach)} ${px(y - 26)} ${px(right + reach)} ${px(y + 20)} ${px(right - 2)} ${px(y + 9)}`;
  return line(path, isGuide) + (label === undefined ? "" : text(right + reach - 3, y + 2, label, small));
}

function line(path: string, isGuide: boolean): string {
  return `<path d="${path}" fill="none" stroke="${ink}" stroke-width="1.1"${isGuide ? ' stroke-dasharray="5 4"' : ""} marker-end="url(#head)"/>`;
}

/** The middle of the figure, which is above the caption. */
function centre(box: Box): Point {
  return { x: box.x + box.width / 2, y: box.y + figureHeight / 2 };
}

/** Where the way from a figure's middle to a point leaves the figure. */
function border({ node, box }: End, towards: Point): Point {
  const { x, y } = centre(box);
  const [dx, dy] = [towards.x - x, towards.y - y];
  const halfWidth = figureWidth(node) / 2;
  const halfHeight = figureHeight / 2;
  // What goes down begins below the caption, not across it.
  if (dy > halfHeight + captionHeight && Math.abs(dx) < dy) {
    const below = halfHeight + captionHeight;
    return { x: x + (dx * below) / dy / 2, y: y + below };
  }
  const isCircle = node.kind === "latent" || node.kind === "observed" || node.kind === "given";
  const scale = isCircle
    ? 1 / Math.hypot(dx / halfWidth, dy / halfHeight)
    : 1 / Math.max(Math.abs(dx) / halfWidth, Math.abs(dy) / halfHeight);
  return { x: x + dx * scale, y: y + dy * scale };
}

/** A smooth way through points: quadratic arcs between the middles of its pieces. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  const last = rest.at(-1) ?? first;
  const arcs = rest.slice(0, -1).map((point, i) => {
    const next = rest[i + 1] ?? last;
    const end = i === rest.length - 2 ? last : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
    return `Q${px(point.x)} ${px(point.y)} ${px(end.x)} ${px(end.y)}`;
  });
  return `M${px(first.x)} ${px(first.y)}${arcs.length === 0 ? `L${px(last.x)} ${px(last.y)}` : arcs.join("")}`;
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${px(x)}" y="${px(y)}" ${attributes}>${escaped(content)}</text>`;
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
