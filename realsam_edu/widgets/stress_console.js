// One current, two populations: the same stress reaches a diverse and a uniform one.

const GRID = Array.from({ length: 21 }, (_, k) => k / 20); // stress values of the curves
const KINDS = ["diverse", "uniform"];
const EDGE = { left: 44, right: 14 };

/** The traits, unpacked. `cur` is (T, N) in float32, as unpack_current in Python gives it. */
function readPopulation(model) {
  const [steps, neurons] = model.get("shape");
  const codes = new Int8Array(toBytes(model.get("cur_codes")).slice().buffer);
  const scale = toFloats(model.get("cur_scale"));
  const cur = Float32Array.from(codes, (code, k) => code * scale[k % neurons]);
  const diversity = toFloats(model.get("diversity"));
  const rows = Array.from(diversity, (_, i) => i).sort((a, b) => diversity[b] - diversity[a] || a - b);
  return { steps, neurons, cur, diversity, rows, beta: toFloats(model.get("betas")), thr: toFloats(model.get("thresholds")) };
}

const gainsOf = (pop, stress, kind) =>
  Float32Array.from(pop.diversity, (d) => 1 + f32(f32(stress) * (kind === "diverse" ? d : 1)));

/** What a population does under a stress: spikes (T, N), spikes per neuron, mean rate, how many fire. */
function respond(pop, stress, kind) {
  const { steps, neurons, cur } = pop;
  const gain = gainsOf(pop, stress, kind);
  const [mem, input, spk] = [new Float32Array(neurons), new Float32Array(neurons), new Uint8Array(neurons)];
  const [spikes, count] = [new Uint8Array(steps * neurons), new Uint32Array(neurons)];
  for (let t = 0; t < steps; t++) {
    for (let i = 0; i < neurons; i++) input[i] = cur[t * neurons + i] * gain[i];
    lifStep(mem, spk, input, pop.beta, pop.thr);
    spikes.set(spk, t * neurons);
    spk.forEach((s, i) => (count[i] += s));
  }
  const total = count.reduce((a, b) => a + b, 0);
  return { gain, spikes, count, total, rate: total / (steps * neurons), firing: count.filter((c) => c > 0).length };
}

/** The same for every stress of the grid, for the curves. */
const sweep = (pop) => Object.fromEntries(KINDS.map((kind) => [kind, GRID.map((s) => respond(pop, s, kind))]));

/** Standard deviation over neurons of their rates: how differently they answer. */
function spreadOf({ count }, steps) {
  const rates = Array.from(count, (c) => c / steps);
  const mean = rates.reduce((a, b) => a + b, 0) / rates.length;
  return Math.sqrt(rates.reduce((sum, r) => sum + (r - mean) ** 2, 0) / rates.length);
}

function describeConsole(pop, stress, both) {
  const head = stress === 0
    ? "Stress 0: every gain is 1, both populations are one and the same."
    : `Stress ${stress.toFixed(2)}: gain ${(1 + stress).toFixed(2)} for everyone in the uniform population, ` +
      `${Math.min(...both.diverse.gain).toFixed(2)} to ${Math.max(...both.diverse.gain).toFixed(2)} in the diverse one.`;
  return { head, parts: KINDS.map((kind) => {
    const { total, firing, rate } = both[kind];
    return `${kind === "diverse" ? "Diverse" : "Uniform"}: ${firing} of ${pop.neurons} neurons fire, ${total} spikes, ` +
      `mean rate ${percent(rate)} (standard deviation over neurons ${percent(spreadOf(both[kind], pop.steps))}).`;
  }) };
}

// ---------------------------------------------------------------- drawing

/** A raster, most stressable neuron on top, and each neuron's rate as a bar at its row. */
function drawAnswer(canvas, colors, pop, kind, answer, most) {
  const height = 252;
  const { ctx, width } = fit(canvas, height);
  const bars = Math.min(96, 0.24 * width);
  const box = { left: EDGE.left, right: width - bars - 14, top: 26, base: height - 22 };
  const ink = kind === "diverse" ? colors.spike : colors.membrane;
  label(ctx, `${kind}: ${answer.firing} of ${pop.neurons} fire`, 2, 12, colors.ink);
  const row = drawSpikeRows(ctx, colors, box, pop.steps, pop.rows, (t, n) => answer.spikes[t * pop.neurons + n], ink);
  ctx.save();
  ctx.translate(14, (box.top + box.base) / 2);
  ctx.rotate(-Math.PI / 2);
  label(ctx, "neurons, by diversity", 0, 0, colors.muted, "center");
  ctx.restore();
  label(ctx, "high", box.left - 5, box.top + 6, colors.muted, "right");
  label(ctx, "low", box.left - 5, box.base - 6, colors.muted, "right");
  const [from, to] = [width - bars, width - 18];
  const x = (rate) => from + ((to - from) * rate) / most;
  ctx.fillStyle = ink;
  pop.rows.forEach((n, r) => ctx.fillRect(from, box.top + r * row, x(answer.count[n] / pop.steps) - from, Math.max(row * 0.8, 1)));
  polyline(ctx, [[from, box.top], [from, box.base]], colors.muted, 1);
  polyline(ctx, [[x(answer.rate), box.top], [x(answer.rate), box.base]], colors.threshold, 1.4, [5, 3]);
  label(ctx, "0", from, height - 10, colors.muted, "center");
  label(ctx, percent(most, 0), to, height - 10, colors.muted, "center");
  label(ctx, "rate", from, 12, colors.muted, "left", colors.paper);
  label(ctx, `time step, 0 to ${pop.steps - 1}`, (box.left + box.right) / 2, height - 10, colors.muted, "center");
}

/** The gain of every neuron: dots on a curve against squares on a line. */
function drawGains(canvas, colors, pop, both) {
  const height = 186;
  const { ctx, width } = fit(canvas, height);
  const box = { left: EDGE.left, right: width - EDGE.right, top: 28, base: height - 26 };
  const high = 1.05 * (1 + Math.max(1, ...pop.diversity));
  const y = axes(ctx, colors, { ...box, low: 0.9, high, title: "gain of each neuron: ● diverse, □ uniform" });
  const x = (r) => box.left + 5 + ((box.right - box.left - 10) * (r + 0.5)) / pop.neurons;
  const every = Math.ceil((7 * pop.neurons) / (box.right - box.left)); // squares side by side, no closer
  pop.rows.toReversed().forEach((n, r) => {
    if (r % every === 0) {
      ctx.strokeStyle = colors.membrane;
      ctx.lineWidth = 1.3;
      ctx.strokeRect(x(r) - 2.2, y(both.uniform.gain[n]) - 2.2, 4.4, 4.4);
    }
    dot(ctx, x(r), y(both.diverse.gain[n]), pop.neurons > 80 ? 2.2 : 3, colors.spike);
  });
  label(ctx, "low diversity", box.left, height - 10, colors.muted);
  label(ctx, "high", box.right, height - 10, colors.muted, "right");
}

/** A number of both populations against stress, with the present stress marked. */
function drawCurves(canvas, colors, curves, both, stress, { title, of, say, high }) {
  const height = 186;
  const { ctx, width } = fit(canvas, height);
  const box = { left: EDGE.left, right: width - EDGE.right, top: 28, base: height - 30 };
  const y = axes(ctx, colors, { ...box, low: 0, high, title, say, n: 4 });
  const x = (s) => box.left + (box.right - box.left) * s;
  polyline(ctx, [[x(stress), box.top], [x(stress), box.base]], colors.stress, 3);
  for (const [kind, ink, thick, dash] of [["diverse", colors.spike, 2.6, []], ["uniform", colors.membrane, 2, [6, 6]]]) {
    polyline(ctx, GRID.map((s, k) => [x(s), y(of(curves[kind][k]))]), ink, thick, dash);
    dot(ctx, x(stress), y(of(both[kind])), 5, ink, colors.paper);
  }
  below(ctx, colors, height - 10, "stress", [0, 0.5, 1], x);
}

// ---------------------------------------------------------------- the widget

function numbersPart() {
  const says = h("div", { class: "rs-says", "aria-live": "polite", "aria-atomic": "true", "data-testid": "stress-says" });
  const show = ({ head, parts }) =>
    says.replaceChildren(h("strong", {}, head), ...parts.map((words) => h("span", { class: "rs-line" }, words)));
  return { el: says, show };
}

/** The five canvases: two rasters, the gains, and two curves against stress. */
function pictures(pop) {
  const curves = sweep(pop);
  const all = KINDS.flatMap((kind) => curves[kind]);
  const most = Math.max(0.05, ...all.flatMap((a) => Array.from(a.count, (c) => c / pop.steps)));
  const rates = { title: "mean rate against stress", of: (a) => a.rate, say: (v) => percent(v, 0), high: 1.1 * Math.max(0.02, ...all.map((a) => a.rate)) };
  const firing = { title: `neurons that fire, of ${pop.neurons}`, of: (a) => a.firing, say: String, high: 1.04 * pop.neurons };
  const canvas = Object.fromEntries([...KINDS, "gains", "rates", "firing"].map((name) =>
    [name, h("canvas", { role: "img", "data-testid": `stress-${name}`, class: /rates|firing/.test(name) ? "rs-drag" : null })]));
  canvas.rates.setAttribute("aria-label", "Mean rate of both populations against stress.");
  canvas.firing.setAttribute("aria-label", "Number of neurons that fire, in both populations, against stress.");
  const name = ({ head, parts }) => {
    KINDS.forEach((kind, k) => canvas[kind].setAttribute("aria-label", `Raster. ${parts[k]}`));
    canvas.gains.setAttribute("aria-label", `Gain of each neuron. ${head}`);
  };
  const draw = (colors, both, stress) => {
    for (const kind of KINDS) drawAnswer(canvas[kind], colors, pop, kind, both[kind], most);
    drawGains(canvas.gains, colors, pop, both);
    drawCurves(canvas.rates, colors, curves, both, stress, rates);
    drawCurves(canvas.firing, colors, curves, both, stress, firing);
  };
  return { canvas, name, draw };
}

function keysOf(stress, set) {
  const keys = {
    ArrowRight: () => stress() + 0.01, ArrowLeft: () => stress() - 0.01,
    PageUp: () => stress() + 0.1, PageDown: () => stress() - 0.1, Home: () => 0, End: () => 1,
  };
  return (event) => keys[event.key] && (set(keys[event.key]()), true);
}

function caption(what) {
  return `${what ? `Input: ${what}. ` : ""}Both populations get the same current, times their gain: ` +
    "1 + stress × diversityᵢ, or 1 + stress. There are no recurrent weights here, so nothing but the gain differs. " +
    "Diverse: solid. Uniform: dashed. Dashed line beside a raster: mean rate.";
}

function renderConsole({ model, el }) {
  const pop = readPopulation(model);
  const { canvas, name, draw } = pictures(pop);
  const stress = () => model.get("stress");
  const set = (v) => save(model, "stress", clamp(Math.round(v * 100) / 100, 0, 1));
  const answers = () => Object.fromEntries(KINDS.map((kind) => [kind, respond(pop, stress(), kind)]));
  let both = answers();
  const bar = slider({ name: "Stress", min: 0, max: 1, step: 0.01, value: stress(), say: (v) => v.toFixed(2), testid: "stress", oninput: set });
  const numbers = numbersPart();
  const help = "Left and right change the stress, page up and down by tenths, Home and End go to 0 and 1.";
  const root = frame(`Stress console: two populations hear the same stress. ${help}`, "stress-console", keysOf(stress, set));
  root.append(
    bar.el, numbers.el,
    h("div", { class: "rs-two" }, canvas.diverse, canvas.uniform),
    h("div", { class: "rs-three" }, canvas.gains, canvas.rates, canvas.firing),
    h("p", { class: "rs-legend" }, caption(model.get("label"))),
    h("p", { class: "rs-muted rs-help" }, `Keys: ${help} Drag on the two curves as well.`),
  );
  const view = mount(el, root, (colors) => draw(colors, both, stress()));
  for (const curve of [canvas.rates, canvas.firing])
    dragOver(curve, (x) => set((x - EDGE.left) / (curve.clientWidth - EDGE.left - EDGE.right)));
  const changed = () => {
    both = answers();
    bar.show(stress());
    const said = describeConsole(pop, stress(), both);
    numbers.show(said);
    name(said);
    view.redraw();
  };
  changed();
  const stop = listen(model, ["stress"], changed);
  return () => (stop(), view.stop());
}

export { describeConsole, gainsOf, readPopulation, respond, spreadOf };
export default { render: renderConsole };
