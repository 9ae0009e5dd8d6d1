// The energy meter: the counting rules and figures of realsam_edu/inside/energy.py, in the page.

// Picojoules at 45 nm (Horowitz 2014); an 8-bit sum is kept in 32 bits.
const ENERGY_COST = {
  fp32: { add: 0.9, mac: 4.6, bits: 32 },
  int8: { add: 0.1, mac: 0.3, bits: 8 },
};
const ENERGY_WORD = { sram: 50, dram: 650 }; // picojoules per 32 bits of weights
const ENERGY_LOCAL = 5; // the same from 8 KB beside the arithmetic: sums, membranes, inputs

const spikesOf = (fired) => (typeof fired === "number" ? fired : fired.reduce((a, b) => a + b, 0));

/** Operations of one token, from `sam.sizes` and the spikes of every population (0/1, or how many). */
function countOperations(sizes, fired) {
  const { populations, inputs, real, embed } = sizes;
  const sum = (of) => populations.reduce((total, p, i) => total + of(p, i), 0);
  return {
    accumulates: sum((p, i) => spikesOf(fired[i]) * p.reach),
    multiplies: real,
    beside: sizes.beside,
    dense: sum((p) => p.neurons * p.reach) + real,
    updates: sum((p) => p.neurons),
    rows: inputs / embed,
  };
}

/** Picojoules of one token for Sam; `memory` null counts arithmetic only. */
function samEnergy(ops, arithmetic, memory = null) {
  const { add, mac, bits } = ENERGY_COST[arithmetic];
  const compute = ops.accumulates * add + ops.multiplies * mac + ops.beside * ENERGY_COST.fp32.mac;
  if (memory === null) return compute;
  const narrow = bits / 32;
  const weights = (ops.accumulates + ops.multiplies + ops.rows) * narrow * ENERGY_WORD[memory];
  return compute + weights + ENERGY_LOCAL * (2 * ops.accumulates + ops.multiplies * narrow + 2 * ops.updates);
}

/** The same for its twin, which meets every weight; a `binary` one with zeros and ones, as Sam does. */
function twinEnergy(ops, arithmetic, memory = null, binary = false) {
  const { add, mac, bits } = ENERGY_COST[arithmetic];
  const behind = ops.dense - ops.multiplies; // weights that Sam meets with spikes
  const compute = behind * (binary ? add : mac) + ops.multiplies * mac + ops.beside * ENERGY_COST.fp32.mac;
  if (memory === null) return compute;
  const narrow = bits / 32;
  const weights = (ops.dense + ops.rows) * narrow * ENERGY_WORD[memory];
  const heard = behind * (binary ? 1 / 32 : narrow) + ops.multiplies * narrow;
  return compute + weights + ENERGY_LOCAL * (heard + 2 * ops.updates);
}

/** The share of the weights met by spikes at which Sam costs what the twin costs. */
function breakEven(ops, arithmetic, memory, binary) {
  const behind = ops.dense - ops.multiplies;
  const fixed = samEnergy({ ...ops, accumulates: 0 }, arithmetic, memory);
  const each = samEnergy({ ...ops, accumulates: behind }, arithmetic, memory) - fixed;
  return (twinEnergy(ops, arithmetic, memory, binary) - fixed) / each;
}

const sayEnergy = (pj) =>
  pj >= 1e6 ? `${(pj / 1e6).toPrecision(3)}\u00a0µJ` : `${(pj / 1e3).toPrecision(3)}\u00a0nJ`;
const sayCount = (n) => (n >= 1e6 ? `${(n / 1e6).toPrecision(3)} M` : Math.round(n).toLocaleString("en"));

const ENERGY_NOTES = [
  "An estimate from counted operations; nothing here was measured. Silicon of 45 nm (Horowitz 2014): an addition takes 0.9 pJ and a multiply-add 4.6 pJ in 32-bit floats; with 8-bit weights and 32-bit sums about 0.1 and 0.3 pJ.",
  "Counted for Sam: one addition per weight that a spike meets, one multiply-add per weight of head and tied table, and leak, LayerNorm, gain and gates. His twin has the same wiring and meets every weight. What a token itself adds is looked up by both.",
  "With memory: weights lie on the chip (about 50 pJ per 32 bits in a bank of 1 MB; from DRAM about 650). A spike's addition reads and writes its sum close by (5 pJ each); a product of the twin reads its input there and keeps its sum in a register.",
  "Break-even: below which share of active weights Sam is cheaper than a twin of 8-bit numbers, and than one whose activations are single bits; all with 8-bit weights and memory. 100 % and more: always.",
  "Critics find the usual estimate too kind to spikes: it leaves out memory (Dampfhoffer et al. 2023) and real chips (Bhattacharjee et al. 2023), and a fair rival is quantised (Yan et al. 2024).",
];

/** A table row with a bar under each number; the longer bar fills its cell. */
function energyRow(name, testid) {
  const cells = [0, 1].map(() => {
    const fill = h("span", { class: "rs-fill" });
    const words = h("span", {});
    return { fill, words, el: h("td", {}, words, h("div", { class: "rs-bar", "aria-hidden": "true" }, fill)) };
  });
  const ratio = h("td", { class: "rs-num" });
  const el = h("tr", { "data-testid": testid }, h("th", { scope: "row" }, name), ...cells.map((c) => c.el), ratio);
  const show = (values) => {
    cells.forEach(({ fill, words }, i) => {
      words.textContent = sayEnergy(values[i]);
      fill.style.width = `${(100 * values[i]) / Math.max(...values)}%`;
    });
    ratio.textContent = `${(values[1] / values[0]).toFixed(1)}×`;
  };
  return { el, show };
}

/** The meter: `add` a step's spikes (`sam.fired`), `show` what a token cost so far, `reset` it. */
function energyMeter(sizes) {
  let [tokens, spikes] = [0, sizes.populations.map(() => 0)];
  const compute = energyRow("compute only", "energy-compute");
  const traffic = energyRow("compute and memory", "energy-memory");
  const even = h("td", { colspan: "3" });
  const counts = h("p", { class: "rs-legend", "data-testid": "energy-counts" });
  const head = ["per token", "Sam", "dense twin", "ratio"].map((name) => h("th", { scope: "col" }, name));
  const table = h(
    "table", {}, h("caption", {}, "Energy: an estimate, not measured"),
    h("thead", {}, h("tr", {}, ...head)),
    h("tbody", {}, compute.el, traffic.el,
      h("tr", { "data-testid": "energy-even" }, h("th", { scope: "row" }, "break-even"), even)),
  );
  const notes = h("ul", {}, ...ENERGY_NOTES.map((note) => h("li", {}, note)));
  const folded = h("details", {}, h("summary", {}, "What this estimate assumes"), notes);
  const el = h("div", { class: "rs-energy", "data-testid": "energy" }, table, counts, folded);
  const mean = () => countOperations(sizes, spikes.map((n) => n / Math.max(1, tokens)));
  const show = () => {
    const ops = mean();
    compute.show([samEnergy(ops, "fp32"), twinEnergy(ops, "fp32")]);
    traffic.show([samEnergy(ops, "fp32", "sram"), twinEnergy(ops, "fp32", "sram")]);
    const share = percent(ops.accumulates / (ops.dense - ops.multiplies));
    const [dense, binary] = [false, true].map((b) => percent(breakEven(ops, "int8", "sram", b), 0));
    even.textContent = `spikes meet ${share} of their weights; cheaper than an 8-bit twin below ${dense}, than a binary one below ${binary}`;
    counts.textContent = tokens === 0 ? "Nothing counted yet." :
      `${tokens.toLocaleString("en")} token${tokens === 1 ? "" : "s"}, each ${sayCount(ops.accumulates)} additions ` +
      `and ${sayCount(ops.multiplies + ops.beside)} multiply-adds; the twin needs ${sayCount(ops.dense + ops.beside)} multiply-adds.`;
  };
  const reset = () => {
    [tokens, spikes] = [0, sizes.populations.map(() => 0)];
    show();
  };
  const add = (fired) => {
    tokens += 1;
    spikes = spikes.map((n, i) => n + spikesOf(fired[i]));
  };
  show();
  return { el, add, show, reset, mean };
}
