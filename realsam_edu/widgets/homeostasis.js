// Thresholds that chase a target rate: simulated in the page, or those of a recorded run.

const NEURONS = 48;
const WINDOW = 50; // steps after which the thresholds move
const BETA = 0.9;
const NOISE = 0.1; // per step, standard deviation
const DRIFT = 0.15; // per window, of a neuron's log input while the weights learn
const SHOWN = 60; // windows in the panels, at most
const FEWEST = 20; // and at least
const KEPT = 3; // windows in the raster
const ETAS = [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20];
const PAD = { left: 44, right: 30 };
const HEIGHT = 334;
const RASTER = { top: 28, base: HEIGHT - 22 };

/** 48 neurons at rest, their inputs spread log-normally; the same for the same seed. */
function newPopulation(seed) {
  const [noise, drift] = [gauss(2 * seed + 1), gauss(2 * seed + 2)];
  const start = Float64Array.from({ length: NEURONS }, () => Math.log(0.13) + 0.5 * noise());
  return {
    noise, drift, start, log: start.slice(), done: 0, past: [],
    thr: new Float32Array(NEURONS).fill(1), mem: new Float32Array(NEURONS), beta: new Float32Array(NEURONS).fill(BETA),
  };
}

/** Nearly normal numbers: three uniform ones added. */
function gauss(seed) {
  const next = uniform(seed);
  return () => 2 * (next() + next() + next() - 1.5);
}

/** One window: the neurons fire, then theta_i moves by eta (r_i - r*), then the weights drift. */
function runWindow(pop, { eta, target, drive, learn }) {
  const [input, spk] = [new Float32Array(NEURONS), new Uint8Array(NEURONS)];
  const spikes = new Uint8Array(WINDOW * NEURONS);
  const rate = new Float32Array(NEURONS);
  for (let t = 0; t < WINDOW; t++) {
    for (let i = 0; i < NEURONS; i++) input[i] = drive * Math.exp(pop.log[i]) + NOISE * pop.noise();
    lifStep(pop.mem, spk, input, pop.beta, pop.thr);
    spikes.set(spk, t * NEURONS);
    spk.forEach((s, i) => (rate[i] += s / WINDOW));
  }
  pop.past.push({ thr: pop.thr.slice(), rate, spikes });
  if (pop.past.length > KEPT) pop.past.at(-1 - KEPT).spikes = null;
  if (pop.past.length > SHOWN) pop.past.shift();
  pop.thr.forEach((_, i) => (pop.thr[i] += eta * (rate[i] - target)));
  const pull = 0.02;
  if (learn) pop.log.forEach((v, i) => (pop.log[i] += DRIFT * pop.drift() - pull * (v - pop.start[i])));
  pop.done += 1;
}

const mean = (values) => values.reduce((a, b) => a + b, 0) / Math.max(values.length, 1);

/** Numbers of the last ten windows: mean rate, distance from target, and whether errors persist. */
function measure(pop, target) {
  const late = pop.past.slice(-10).map((w) => Array.from(w.rate, (r) => r - target));
  const products = late.slice(1).flatMap((e, k) => e.map((v, i) => v * late[k][i]));
  const squares = late.flat().map((v) => v * v);
  return {
    rate: target + mean(late.flat()), off: mean(late.flat().map(Math.abs)),
    persists: mean(products) / Math.max(mean(squares), 1e-9), // near 1: the same error again
  };
}

/** What the last ten windows show, in one sentence; `off` is weighed against chance counts. */
function verdict({ eta, learn, target }, { persists, off }) {
  const chance = Math.sqrt((target * (1 - target)) / WINDOW);
  if (eta === 0) return learn ? "No homeostasis: as the inputs drift, so do the rates." : "No homeostasis: each neuron keeps the rate its input gives it.";
  if (persists > 0.4) return learn ? "The thresholds lag: while they move, the inputs move on." : "The thresholds are still on their way.";
  if (off > 1.2 * chance) return "Too large a step: a neuron that fires too much is silenced for many windows, then comes back too strong.";
  if (persists < -0.14) return "The thresholds overshoot: above the target in one window, below it in the next.";
  return learn ? "The thresholds keep up with the inputs." : "The thresholds have arrived: what is left is the chance of counting few spikes.";
}

function describeWindow(pop, v) {
  if (!pop.done) return { head: "Nothing has run yet.", parts: ["Press Play, or the right arrow for one window."] };
  const m = measure(pop, v.target);
  const last = pop.past.at(-1);
  const n = v.neuron;
  return {
    head: `Window ${pop.done}. ${verdict(v, m)}`,
    parts: [
      `Last ${Math.min(10, pop.past.length)} windows: mean rate ${percent(m.rate)} (target ${percent(v.target, 0)}), a neuron is off by ${percent(m.off)} on average.`,
      `Thresholds now from ${signed(Math.min(...pop.thr))} to ${signed(Math.max(...pop.thr))}. Neuron ${n}: fired in ${percent(last.rate[n], 0)} of the steps, θ ${signed(last.thr[n])} → ${signed(pop.thr[n])}.`,
    ],
  };
}

// ---------------------------------------------------------------- drawing, live

function drawRaster(canvas, colors, pop, neuron) {
  const { ctx, width } = fit(canvas, HEIGHT);
  const shown = pop.past.slice(-KEPT);
  const box = { left: PAD.left, right: width - 8, ...RASTER };
  label(ctx, `spikes in the last ${KEPT} windows`, 2, 12, colors.ink);
  const order = Array.from({ length: NEURONS }, (_, i) => i);
  const firedAt = (t, i) => shown[Math.floor(t / WINDOW)]?.spikes[(t % WINDOW) * NEURONS + i];
  const row = drawSpikeRows(ctx, colors, box, KEPT * WINDOW, order, firedAt, colors.membrane);
  const wide = (box.right - box.left) / KEPT;
  shown.forEach((_, k) => {
    polyline(ctx, [[box.left + (k + 1) * wide, box.top], [box.left + (k + 1) * wide, box.base]], colors.muted, 1, [2, 3]);
    label(ctx, `window ${pop.done - shown.length + k + 1}`, box.left + (k + 0.5) * wide, HEIGHT - 9, colors.muted, "center");
  });
  const y = box.top + neuron * row;
  ctx.fillStyle = colors.spike;
  for (let t = 0; t < KEPT * WINDOW; t++)
    if (firedAt(t, neuron)) ctx.fillRect(box.left + (t * wide) / WINDOW, y - 1, Math.max((wide / WINDOW) * 0.8, 1.6), row + 2);
  polyline(ctx, [[box.left, y - 2], [box.right, y - 2]], colors.spike, 0.7);
  polyline(ctx, [[box.left, y + row + 1], [box.right, y + row + 1]], colors.spike, 0.7);
  label(ctx, `n ${neuron}`, box.left - 6, y + row / 2, colors.ink, "right");
}

/** All neurons pale, their mean in ink, the chosen one in color, over the windows. */
function drawBundle(ctx, colors, x, y, rows, neuron) {
  const line = (i) => rows.map((row, k) => [x(k), y(row[i])]);
  ctx.globalAlpha = 0.3;
  for (let i = 0; i < NEURONS; i++) series(ctx, line(i), colors.membrane, 1);
  ctx.globalAlpha = 1;
  series(ctx, rows.map((row, k) => [x(k), y(mean(Array.from(row)))]), colors.ink, 2.2);
  series(ctx, line(neuron), colors.paper, 4.5);
  series(ctx, line(neuron), colors.spike, 2);
  line(neuron).forEach(([px, py]) => dot(ctx, px, py, 2.4, colors.spike));
}

function panelBoxes(width, height) {
  const shared = { left: PAD.left, right: width - PAD.right };
  const half = (height - 90) / 2;
  return [{ ...shared, top: 28, base: 28 + half }, { ...shared, top: 64 + half, base: 64 + 2 * half }];
}

function drawPanels(canvas, colors, pop, { target, neuron }) {
  const { ctx, width } = fit(canvas, HEIGHT);
  const [top, bottom] = panelBoxes(width, HEIGHT);
  const first = pop.done - pop.past.length + 1; // the oldest window shown
  const span = Math.max(FEWEST, pop.past.length) - 1;
  const x = (k) => top.left + ((top.right - top.left) * k) / span;
  const thr = pop.past.map((w) => w.thr);
  const rate = pop.past.map((w) => w.rate);
  const [low, high] = [Math.min(0.5, ...thr.map((row) => Math.min(...row))), Math.max(1.5, ...thr.map((row) => Math.max(...row)))];
  const yThr = axes(ctx, colors, { ...top, low, high, title: "thresholds θᵢ" });
  const most = Math.max(0.3, 1.3 * target, ...rate.map((row) => Math.max(...row)));
  const yRate = axes(ctx, colors, { ...bottom, low: 0, high: most, title: "rates rᵢ per window", say: (v) => percent(v, 0) });
  drawBundle(ctx, colors, x, yThr, thr, neuron);
  drawBundle(ctx, colors, x, yRate, rate, neuron);
  polyline(ctx, [[bottom.left, yRate(target)], [bottom.right, yRate(target)]], colors.threshold, 1.6, [6, 4]);
  label(ctx, "r*", bottom.right + 6, yRate(target), colors.ink);
  below(ctx, colors, HEIGHT - 9, "window", ticks(first, first + span, width < 360 ? 4 : 6), (k) => x(k - first));
}

// ---------------------------------------------------------------- a recorded run

function readRecorded(model) {
  const [tokens, thr, rates] = ["rec_tokens", "rec_thr", "rec_rates"].map((name) => toFloats(model.get(name)));
  const [n, layers] = [tokens.length, rates.length / Math.max(tokens.length, 1)];
  const quantile = (l, q) => Float32Array.from({ length: n }, (_, i) => thr[3 * (i * layers + l) + q]);
  const columns = Array.from({ length: layers }, (_, l) => ({
    low: quantile(l, 0), mid: quantile(l, 1), high: quantile(l, 2), rate: Float32Array.from({ length: n }, (_, i) => rates[i * layers + l]),
  }));
  return { n, layers, tokens, columns };
}

function describeRecorded(rec, i, l) {
  const { low, mid, high, rate } = rec.columns[l];
  const first = `Layer ${l + 1}: fires at ${percent(rate[i])}; half of its thresholds lie below ${signed(mid[i])}, nine in ten between ${signed(low[i])} and ${signed(high[i])}.`;
  const others = rec.columns.map((c, k) => `layer ${k + 1} ${percent(c.rate[i])}`).join(", ");
  return { head: `Validation ${i + 1} of ${rec.n}, after ${millions(rec.tokens[i])} tokens.`, parts: [first, `All rates: ${others}.`] };
}

function drawRecorded(canvas, colors, rec, i, chosen, target) {
  const height = 400;
  const { ctx, width } = fit(canvas, height);
  const [top, bottom] = panelBoxes(width, height);
  const x = (tokens) => top.left + ((top.right - top.left) * tokens) / rec.tokens.at(-1);
  const line = (values, y) => Array.from(values, (v, k) => [x(rec.tokens[k]), y(v)]);
  const all = rec.columns.flatMap((c) => [...c.low, ...c.high]).filter(Number.isFinite);
  const yThr = axes(ctx, colors, { ...top, low: Math.min(...all), high: Math.max(...all), title: `thresholds: medians; shaded: 5–95 % of layer ${chosen + 1}` });
  const most = Math.max(0.2, ...rec.columns.flatMap((c) => [...c.rate]).filter(Number.isFinite));
  const yRate = axes(ctx, colors, { ...bottom, low: 0, high: most, title: "firing rate of each layer", say: (v) => percent(v, 0) });
  const ink = (l) => colors[`layer${(l % 6) + 1}`];
  const seen = (name) => rec.columns[chosen][name];
  ribbon(ctx, line(seen("high"), yThr), line(seen("low"), yThr), ink(chosen), 0.2);
  polyline(ctx, [[bottom.left, yRate(target)], [bottom.right, yRate(target)]], colors.threshold, 1.6, [6, 4]);
  for (const [name, y, box] of [["mid", yThr, top], ["rate", yRate, bottom]]) {
    endLabels(ctx, colors, box.right, rec.columns.map((c) => y(c[name].at(-1))), rec.columns.map((_, l) => ink(l)), box.top, box.base);
    polyline(ctx, [[x(rec.tokens[i]), box.top], [x(rec.tokens[i]), box.base]], colors.spike, 1.4);
    rec.columns.forEach((c, l) => {
      series(ctx, line(c[name], y), ink(l), l === chosen ? 3 : 1.5);
      dot(ctx, x(rec.tokens[i]), y(c[name][i]), l === chosen ? 4.5 : 3, ink(l), colors.paper);
    });
  }
  below(ctx, colors, height - 9, "tokens", ticks(0, rec.tokens.at(-1), width < 420 ? 3 : 5), x, millions);
}

// ---------------------------------------------------------------- parts of the page

/** Play, one window, start again, and whether the weights learn. */
function liveButtons({ restart, start, once, learn }) {
  const play = h("button", { type: "button", class: "rs-play", "data-testid": "play", onclick: start });
  const weights = h("button", { type: "button", "aria-pressed": "false", "data-testid": "learn", onclick: learn });
  const again = h("button", { type: "button", "data-testid": "restart", onclick: restart }, "Start again");
  const next = h("button", { type: "button", "data-testid": "once", onclick: once }, "One window");
  const el = h("div", { class: "rs-row" }, play, next, again, weights);
  const show = (playing, learning) => {
    play.replaceChildren(icon(playing ? "pause" : "play"), playing ? "Pause" : "Play");
    weights.setAttribute("aria-pressed", String(learning));
    weights.textContent = learning ? "✓ The weights learn" : "The weights learn";
  };
  return { el, show };
}

function knobs(set) {
  const etas = { min: 0, max: ETAS.length - 1, step: 1, say: (k) => (k ? String(ETAS[k]) : "0: off") };
  const bars = {
    eta: slider({ name: "Step size η", ...etas, value: 0, testid: "eta", oninput: (k) => set("eta", ETAS[k]) }),
    target: slider({ name: "Target rate r*", min: 0.02, max: 0.4, step: 0.01, value: 0.1, say: (v) => percent(v, 0), testid: "target", oninput: (v) => set("target", v) }),
    drive: slider({ name: "Drive (all currents)", min: 0.2, max: 3, step: 0.1, value: 1, say: (v) => `× ${v.toFixed(1)}`, testid: "drive", oninput: (v) => set("drive", v) }),
    neuron: slider({ name: "Neuron", min: 0, max: NEURONS - 1, step: 1, value: 0, testid: "neuron", oninput: (v) => set("neuron", v) }),
  };
  const nearest = (eta) => ETAS.reduce((best, e, k) => (Math.abs(e - eta) < Math.abs(ETAS[best] - eta) ? k : best), 0);
  const show = (v) => {
    bars.eta.show(nearest(v.eta));
    ["target", "drive", "neuron"].forEach((name) => bars[name].show(v[name]));
  };
  return { el: h("div", { class: "rs-knobs" }, ...Object.values(bars).map((b) => b.el)), show };
}

function livePart(run, play) {
  const [raster, panels] = ["raster", "panels"].map((name) => h("canvas", { role: "img", "data-testid": `homeo-${name}`, class: name === "raster" ? "rs-click" : null }));
  raster.addEventListener("click", (event) => {
    const at = (event.clientY - raster.getBoundingClientRect().top - RASTER.top) / (RASTER.base - RASTER.top);
    run.set("neuron", clamp(Math.floor(at * NEURONS), 0, NEURONS - 1));
  });
  const buttons = liveButtons({ restart: run.restart, once: run.once, learn: run.learn, start: play.start });
  const bars = knobs(run.set);
  const legend = "Thin lines: all neurons. Thick: their mean. Dots: the chosen neuron, framed in the raster. Dashed: the target.";
  const show = (v) => {
    buttons.show(play.on(), v.learn);
    bars.show(v);
    const said = describeWindow(run.pop(), v);
    raster.setAttribute("aria-label", `Spikes of ${NEURONS} neurons in the last ${KEPT} windows.`);
    panels.setAttribute("aria-label", `Thresholds and rates over windows. ${said.parts[0]}`);
    return said;
  };
  const draw = (colors, v) => (drawRaster(raster, colors, run.pop(), v.neuron), drawPanels(panels, colors, run.pop(), v));
  return {
    above: [buttons.el, h("div", { class: "rs-two" }, raster, panels), h("p", { class: "rs-legend" }, legend)], under: [bars.el], show, draw,
    help: "Space plays, right is one window on, Home starts again, up and down choose a neuron, L lets the weights learn.",
  };
}

function recordedPart(run, play) {
  const { rec, set, go, values } = run;
  const canvas = h("canvas", { role: "img", "data-testid": "homeo-recorded", class: "rs-drag" });
  const names = rec.columns.map((_, l) => [String(l), `layer ${l + 1}`]);
  const layer = choice({ name: "Layer", options: names, value: "0", testid: "layer", onchange: (v) => set("layer", +v) });
  const bar = transport({ name: "Validation", last: rec.n - 1, at: () => values().entry, go, play: () => play.player, start: play.start, say: (v) => `${v + 1} of ${rec.n}` });
  dragOver(canvas, (x) => {
    const tokens = ((x - PAD.left) / (canvas.clientWidth - PAD.left - PAD.right)) * rec.tokens.at(-1);
    const off = Array.from(rec.tokens, (v) => Math.abs(v - tokens));
    go(off.indexOf(Math.min(...off)));
  });
  const show = (v) => {
    bar.showPlay(play.on());
    bar.scrub.show(v.entry);
    layer.select.value = String(v.layer);
    const said = describeRecorded(rec, v.entry, v.layer);
    canvas.setAttribute("aria-label", `Thresholds and rates of a recorded run. ${said.head}`);
    return said;
  };
  return {
    above: [bar.el, canvas, h("div", { class: "rs-row" }, layer.el)], under: [], show, draw: (colors, v) => drawRecorded(canvas, colors, rec, v.entry, v.layer, v.target),
    help: "Left and right step, Home and End jump, space plays, up and down choose a layer.",
  };
}

// ---------------------------------------------------------------- the widget

/** The state of the widget and what can be done to it. */
function control(model) {
  const rec = readRecorded(model);
  const set = (name, value) => save(model, name, value);
  const values = () => ({
    ...Object.fromEntries(["eta", "target", "drive", "learn", "neuron"].map((name) => [name, model.get(name)])),
    entry: clamp(model.get("entry"), 0, rec.n - 1), layer: clamp(model.get("layer"), 0, rec.layers - 1),
  });
  let pop = newPopulation(model.get("seed"));
  let seed = model.get("seed");
  const catchUp = () => {
    if (model.get("window") < pop.done || model.get("seed") !== seed) pop = newPopulation((seed = model.get("seed")));
    while (pop.done < model.get("window")) runWindow(pop, values());
  };
  return {
    rec, set, values, catchUp, pop: () => pop, live: () => !rec.n || model.get("mode") === "live",
    once: () => set("window", pop.done + 1), restart: () => set("window", 0), learn: () => set("learn", !model.get("learn")),
    go: (i) => set("entry", clamp(Math.round(i), 0, rec.n - 1)),
  };
}

function keysOf({ live, once, restart, learn, go, set, values, rec }, start) {
  const choose = (d) => (live() ? set("neuron", clamp(values().neuron + d, 0, NEURONS - 1)) : set("layer", clamp(values().layer + d, 0, rec.layers - 1)));
  const keys = {
    " ": start, ArrowDown: () => choose(1), ArrowUp: () => choose(-1),
    ArrowRight: () => (live() ? once() : go(values().entry + 1)), ArrowLeft: () => live() || go(values().entry - 1),
    Home: () => (live() ? restart() : go(0)), End: () => live() || go(rec.n - 1), l: () => live() && learn(),
  };
  return (event) => keys[event.key] && (keys[event.key](), true);
}

/** Plays windows without end, or a recorded run to its last entry. */
function playing(run, changed) {
  const last = () => run.values().entry === run.rec.n - 1;
  const tick = () => (run.live() ? (run.once(), true) : (run.go(run.values().entry + 1), !last()));
  const play = player(tick, changed);
  const start = () => {
    if (!run.live() && !play.playing() && last()) run.go(0);
    play.toggle();
  };
  return { player: play, start, stop: play.stop, on: play.playing };
}

function renderHomeostasis({ model, el }) {
  const run = control(model);
  const play = playing(run, () => changed());
  const parts = { live: livePart(run, play), recorded: run.rec.n ? recordedPart(run, play) : null };
  const part = () => (run.live() ? parts.live : parts.recorded);
  const root = frame("Homeostasis: thresholds chase a target rate.", "homeostasis", keysOf(run, play.start));
  const mode = parts.recorded && choice({
    name: "Show", options: [["live", "simulated here, now"], ["recorded", model.get("rec_label")]], value: model.get("mode"),
    testid: "mode", onchange: (v) => (play.stop(), run.set("mode", v)),
  });
  const says = h("div", { class: "rs-says", "aria-live": "polite", "aria-atomic": "true", "data-testid": "homeo-says" });
  const help = h("p", { class: "rs-muted rs-help" });
  const [above, under] = [h("div", { class: "rs-stack" }), h("div", { class: "rs-stack" })];
  root.append(mode ? h("div", { class: "rs-row" }, mode.el) : "", above, says, under, help);
  const view = mount(el, root, (colors) => part().draw(colors, run.values()));
  let shown = null;
  const changed = () => {
    run.catchUp();
    if (shown !== part()) {
      shown = part();
      above.replaceChildren(...shown.above);
      under.replaceChildren(...shown.under);
      help.textContent = `Keys: ${shown.help}`;
      root.setAttribute("aria-label", `Homeostasis: thresholds chase a target rate. ${shown.help}`);
    }
    if (mode) mode.select.value = model.get("mode");
    const { head, parts: more } = shown.show(run.values());
    says.setAttribute("aria-live", play.on() ? "off" : "polite");
    says.replaceChildren(h("strong", {}, head), ...more.map((words) => h("span", { class: "rs-line" }, words)));
    view.redraw();
  };
  changed();
  const stop = listen(model, ["eta", "target", "drive", "learn", "seed", "window", "neuron", "mode", "entry", "layer"], changed);
  return () => (stop(), play.stop(), view.stop());
}

export { describeRecorded, describeWindow, measure, newPopulation, readRecorded, runWindow, verdict };
export default { render: renderHomeostasis };
