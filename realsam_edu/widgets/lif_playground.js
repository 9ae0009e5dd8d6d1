// One leaky neuron, simulated in the page: turn the knobs, watch it fire.

const STEPS = 100;
const RESETS = [
  ["delayed", "subtract θ, one step later (Sam)"],
  ["immediate", "subtract θ, in the same step"],
  ["zero", "to zero, one step later"],
  ["none", "no reset"],
];
const SHAPES = [
  ["constant", "constant"],
  ["step", "on at step 20, off at 70"],
  ["pulses", "short pulses"],
  ["noise", "noise around the value"],
];
const PRESETS = {
  silent: { current: 0.08, beta: 0.9, thr: 1, shape: "constant" },
  regular: { current: 0.22, beta: 0.9, thr: 1, shape: "constant" },
  bursting: { current: 0.6, beta: 0.92, thr: 1, shape: "pulses" },
  noisy: { current: 0.12, beta: 0.9, thr: 1, shape: "noise" },
};

/** Input current of each step. */
function makeCurrent(shape, size, steps = STEPS, seed = 1) {
  const next = uniform(seed);
  return Array.from({ length: steps }, (_, t) => {
    if (shape === "step") return t >= 20 && t < 70 ? size : 0;
    if (shape === "pulses") return t % 25 >= 5 && t % 25 < 11 ? size : 0;
    if (shape === "noise") return size + 2.5 * size * (next() + next() + next() - 1.5);
    return size;
  });
}

/**
 * U[t] = beta U[t-1] + I[t] - thr S[t-1],  S[t] = U[t] > thr, and the three other resets.
 * `mem` is the membrane the threshold tested; `after` is what the next step starts from.
 */
function simulateLif(cur, beta, thr, reset = "delayed") {
  const [mem, after, spk] = [[], [], []];
  let last = 0; // U[t-1]
  for (const input of cur) {
    const fired = last > thr ? 1 : 0; // S[t-1], read from the membrane itself
    let u;
    if (reset === "delayed") u = beta * last + input - fired * thr;
    else if (reset === "zero") u = beta * ((1 - fired) * last) + input;
    else u = beta * last + input;
    const s = u > thr ? 1 : 0;
    mem.push(u);
    spk.push(s);
    last = reset === "immediate" ? u - s * thr : u;
    after.push(last);
  }
  return { mem, after, spk };
}

const timeConstant = (beta) => -1 / Math.log(beta);

/** What the run did, in words. */
function describeLif({ spk }, { current, beta, thr, shape, reset }) {
  const times = spk.flatMap((s, t) => (s ? [t] : []));
  const tau = `time constant τ = −1/ln\u00a0β = ${timeConstant(beta).toFixed(1)} steps`;
  const limit = current / (1 - beta);
  if (!times.length) {
    const why = shape === "constant"
      ? ` The membrane heads for I/(1−β) = ${limit.toFixed(2)}, and the threshold is ${thr.toFixed(2)}.`
      : " The membrane leaks away before it gets there.";
    return `Silent: no spike in ${spk.length} steps.${why} Rate 0; ${tau}.`;
  }
  const count = times.length === 1 ? "1 spike" : `${times.length} spikes`;
  const gaps = times.slice(1).map((t, i) => t - times[i]);
  const [low, high] = [Math.min(...gaps), Math.max(...gaps)];
  const every = (n) => (n === 1 ? "at every step" : `every ${n} steps`);
  const rhythm = !gaps.length ? "" : low === high
    ? `, then ${every(low)}` : `, then after gaps of ${low} to ${high} steps`;
  const why = reset === "none" && high === 1
    ? " Nothing takes the membrane back down, so it stays above the threshold." : "";
  return `First spike at step ${times[0]}${rhythm}: ${count} in ${spk.length} steps, ` +
    `rate ${percent(times.length / spk.length, 0)}.${why} The ${tau}.`;
}

function drawNeuron(canvas, colors, run, cur, thr) {
  const height = 292;
  const { ctx, width } = fit(canvas, height);
  const [left, right] = [44, width - 12];
  const x = (t) => left + ((right - left) * (t + 0.5)) / cur.length;
  const high = Math.max(thr * 1.25, ...run.mem) * 1.04;
  const low = Math.min(0, ...run.mem, ...run.after);
  const y = (u) => 196 - ((u - low) / (high - low)) * 150;
  drawSpikes(ctx, colors, run, x, right);
  drawAxis(ctx, colors, { left, right, x, y, low, high });
  polyline(ctx, [[left, y(thr)], [right, y(thr)]], colors.threshold, 1.5, [6, 4]);
  label(ctx, `dashed: threshold θ = ${thr.toFixed(2)}`, right, 47, colors.ink, "right");
  const path = run.mem.flatMap((u, t) => (u === run.after[t] ? [[x(t), y(u)]] : [[x(t), y(u)], [x(t), y(run.after[t])]]));
  polyline(ctx, [[left, y(0)], ...path], colors.membrane, 2);
  run.spk.forEach((s, t) => s && dot(ctx, x(t), Math.min(y(run.mem[t]), y(thr) - 2), 3.6, colors.spike, colors.paper));
  drawInput(ctx, colors, cur, left, right);
}

function drawSpikes(ctx, colors, run, x, right) {
  label(ctx, "spikes S", 44, 10, colors.muted);
  const step = x(1) - x(0);
  run.spk.forEach((s, t) => {
    if (!s) return;
    ctx.fillStyle = colors.spike;
    ctx.fillRect(x(t) - Math.min(1.25, step * 0.35), 20, Math.min(2.5, step * 0.7), 16);
  });
  polyline(ctx, [[44, 36.5], [right, 36.5]], colors.grid, 1);
}

function drawAxis(ctx, colors, { left, right, x, y, low, high }) {
  const unit = [0.25, 0.5, 1, 2, 5, 10, 20, 50].find((u) => (high - low) / u <= 5) ?? 100;
  for (let u = Math.ceil(low / unit) * unit; u <= high; u += unit) {
    polyline(ctx, [[left, y(u)], [right, y(u)]], colors.grid, 0.8);
    label(ctx, u.toFixed(unit < 1 ? 2 : 0), left - 6, y(u), colors.muted, "right");
  }
  for (let t = 0; t <= STEPS; t += 20) label(ctx, String(t), x(t - 0.5), 282, colors.muted, t === STEPS ? "right" : "center");
  label(ctx, "membrane U", left, 47, colors.muted);
}

function drawInput(ctx, colors, cur, left, right) {
  const [top, base] = [220, 270];
  const size = Math.max(...cur.map(Math.abs), 0.05);
  const low = Math.min(0, ...cur);
  const y = (i) => base - ((i - low) / (size - low)) * (base - top - 10);
  const w = (right - left) / cur.length;
  const outline = cur.flatMap((i, t) => [[left + t * w, y(i)], [left + (t + 1) * w, y(i)]]);
  area(ctx, outline, y(0), colors.current, 0.26);
  polyline(ctx, outline, colors.current, 1.5);
  label(ctx, "input current I", left, top - 4, colors.muted);
  label(ctx, size.toFixed(2), left - 6, y(size), colors.muted, "right");
}

function radios(model, update) {
  const name = uid("reset");
  const rows = RESETS.map(([value, words]) => {
    const input = h("input", { type: "radio", name, value, "data-testid": `reset-${value}` });
    input.addEventListener("change", () => update({ reset: value }));
    return h("label", { class: "rs-radio" }, input, words);
  });
  const el = h("fieldset", {}, h("legend", {}, "After a spike, reset"), ...rows);
  const show = () => rows.forEach((row) => (row.firstChild.checked = row.firstChild.value === model.get("reset")));
  return { el, show };
}

function renderPlayground({ model, el }) {
  const traits = ["current", "beta", "thr", "reset", "shape"];
  const values = () => Object.fromEntries(traits.map((n) => [n, model.get(n)]));
  const update = (change) => Object.entries(change).forEach(([n, v]) => save(model, n, v));
  const bar = (name, trait, min, max, step, testid) => slider({
    name, min, max, step, testid, value: model.get(trait),
    say: (v) => v.toFixed(2), oninput: (v) => update({ [trait]: v }),
  });
  const bars = {
    current: bar("Input current I", "current", 0, 1, 0.01, "lif-current"),
    beta: bar("Leak β (kept per step)", "beta", 0.5, 0.99, 0.01, "lif-beta"),
    thr: bar("Threshold θ", "thr", 0.2, 2, 0.05, "lif-thr"),
  };
  const shape = choice({ name: "Input shape", options: SHAPES, value: model.get("shape"), testid: "lif-shape", onchange: (v) => update({ shape: v }) });
  const reset = radios(model, update);
  const presets = Object.keys(PRESETS).map((name) =>
    h("button", { type: "button", "data-testid": `preset-${name}`, onclick: () => update(PRESETS[name]) }, name));
  const canvas = h("canvas", { role: "img" });
  const says = h("p", { class: "rs-says", "aria-live": "polite", "data-testid": "lif-says" });
  const root = frame("One leaky neuron. Left and right change the input current.", "lif-playground", (event) => {
    const move = { ArrowRight: 0.01, ArrowLeft: -0.01 }[event.key];
    const jump = { Home: 0, End: 1 }[event.key];
    if (move) update({ current: clamp(+(model.get("current") + move).toFixed(2), 0, 1) });
    if (jump != null) update({ current: jump });
    return move || jump != null;
  });
  root.append(
    h("div", { class: "rs-row rs-presets" }, h("span", { class: "rs-muted" }, "Try"), ...presets),
    canvas, says,
    h("div", { class: "rs-knobs" }, ...Object.values(bars).map((b) => b.el), shape.el), reset.el,
  );
  const view = mount(el, root, (colors) => {
    const v = values();
    const cur = makeCurrent(v.shape, v.current);
    drawNeuron(canvas, colors, simulateLif(cur, v.beta, v.thr, v.reset), cur, v.thr);
  });
  const changed = () => {
    const v = values();
    Object.entries(bars).forEach(([trait, b]) => b.show(v[trait]));
    shape.select.value = v.shape;
    reset.show();
    const cur = makeCurrent(v.shape, v.current);
    says.textContent = describeLif(simulateLif(cur, v.beta, v.thr, v.reset), v);
    canvas.setAttribute("aria-label", `Input, membrane and spikes. ${says.textContent}`);
    view.redraw();
  };
  changed();
  const stop = listen(model, traits, changed);
  return () => (stop(), view.stop());
}

export { describeLif, makeCurrent, simulateLif, timeConstant, toBytes, unpackBits, toFloats };
export default { render: renderPlayground };
