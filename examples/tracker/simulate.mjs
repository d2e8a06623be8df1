/** Draws the track that the example follows: straight on for a while, then turning, then straight again. */
import { writeFileSync } from "node:fs";

const steps = 400;
/** Steps in which it turns, and by how much in each, in radians. */
const turns = [
  { from: 70, to: 95, by: 0.12 },
  { from: 150, to: 200, by: -0.09 },
  { from: 270, to: 285, by: 0.2 },
  { from: 330, to: 350, by: -0.15 },
];
const noise = 0.8;
const unseen = 0.05;

/** Numbers that are the same on every machine. @source Vigna 2015, splitmix64, its upper 32 bits here */
let state = 20261125n;
function uniform() {
  const mask = (1n << 64n) - 1n;
  state = (state + 0x9e3779b97f4a7c15n) & mask;
  let z = state;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
  return Number((z ^ (z >> 31n)) >> 11n) / 2 ** 53;
}
const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

const rows = ["track,step,east,north,true_east,true_north,turning"];
let [east, north, heading] = [0, 0, 0.3];
for (let step = 0; step < steps; step++) {
  const turn = turns.find(({ from, to }) => step >= from && step < to);
  if (step > 0) {
    heading += (turn?.by ?? 0) + 0.002 * normal();
    east += Math.cos(heading);
    north += Math.sin(heading);
  }
  const isSeen = uniform() >= unseen;
  const seen = [east, north].map((place) => (isSeen ? (place + noise * normal()).toFixed(3) : ""));
  rows.push([0, step, ...seen, east.toFixed(3), north.toFixed(3), turn === undefined ? 0 : 1].join(","));
}
writeFileSync(new URL("../../stdlib/data/track.csv", import.meta.url), `${rows.join("\n")}\n`);
