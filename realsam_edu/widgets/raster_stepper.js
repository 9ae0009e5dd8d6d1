// Step through a trace: the text read, every neuron's spikes, one membrane, and what Sam expects next.

const LEFT = 52; // room for labels, the same in raster and membrane so that their columns line up
const RIGHT = 10;
const SHOWN = 12; // neurons named in the live text
function firedAt(tr, l, t) {
  const out = [];
  for (let n = 0; n < tr.neurons; n++) if (fired(tr, l, t, n)) out.push(n);
  return out;
}

/** How often each neuron of each layer fires, and the two orders of the rows. */
function orderRows(tr) {
  const count = Array.from({ length: tr.layers }, (_, l) => {
    const c = new Uint32Array(tr.neurons);
    for (let t = 0; t < tr.steps; t++) for (let n = 0; n < tr.neurons; n++) c[n] += fired(tr, l, t, n);
    return c;
  });
  const index = count.map(() => Array.from({ length: tr.neurons }, (_, n) => n));
  const active = count.map((c, l) => [...index[l]].sort((a, b) => c[b] - c[a] || a - b));
  return { count, index, active };
}

const list = (neurons) => neurons.length <= SHOWN
  ? neurons.join(", ") || "none"
  : `${neurons.slice(0, SHOWN).join(", ")} and ${neurons.length - SHOWN} more`;

/** The sentence for step t: who fired, how many, by layer. */
function describeStep(tr, t) {
  const layers = Array.from({ length: tr.layers }, (_, l) => firedAt(tr, l, t));
  const total = layers.reduce((sum, f) => sum + f.length, 0);
  const all = tr.layers * tr.neurons;
  const head = `Step ${t}, read ${spoken(tr.tokens[t])}: ${total} of ${all} neurons fired (${percent(total / all)}).`;
  const parts = layers.map((f, l) => `Layer ${l + 1}: ${f.length} (${percent(f.length / tr.neurons)}): ${list(f)}.`);
  return { head, parts, layers, text: [head, ...parts].join(" ") };
}

// ---------------------------------------------------------------- drawing

function rasterBox(tr, width) {
  const band = clamp(Math.round(360 / tr.layers), 70, tr.neurons < 40 ? 110 : 170);
  const gap = 12;
  return {
    band, gap, left: LEFT, right: width - RIGHT, height: 18 + tr.layers * (band + gap) + 8,
    top: (l) => 18 + l * (band + gap),
    column: (width - RIGHT - LEFT) / tr.steps,
  };
}

/** All spikes, drawn once per size, theme and order; each step shows its left part. */
function paintSpikes(tr, box, order, colors, width, scale) {
  const sheet = document.createElement("canvas");
  sheet.width = Math.round(width * scale);
  sheet.height = Math.round(box.height * scale);
  const ctx = sheet.getContext("2d");
  ctx.scale(scale, scale);
  const row = box.band / tr.neurons;
  const [w, hh] = [Math.max(box.column * 0.86, 1), Math.max(row * 0.86, 1.15)];
  for (let l = 0; l < tr.layers; l++) {
    ctx.fillStyle = colors[`layer${(l % 6) + 1}`];
    order[l].forEach((n, r) => {
      for (let t = 0; t < tr.steps; t++)
        if (fired(tr, l, t, n)) ctx.fillRect(LEFT + t * box.column, box.top(l) + r * row, w, hh);
    });
  }
  return sheet;
}

function drawFrameOfBand(ctx, colors, tr, box, l, t) {
  const [top, now] = [box.top(l), LEFT + (t + 1) * box.column];
  ctx.fillStyle = colors.panel;
  ctx.fillRect(now, top, box.right - now, box.band);
  polyline(ctx, [[LEFT, top + box.band + 2], [box.right, top + box.band + 2]], colors.grid, 1);
  ctx.save();
  ctx.translate(16, top + box.band / 2);
  ctx.rotate(-Math.PI / 2);
  label(ctx, `layer ${l + 1}`, 0, 0, colors.ink, "center");
  ctx.restore();
  if (l || box.right - now < 110) return;
  label(ctx, "not read yet", (now + box.right) / 2, top + box.band / 2, colors.muted, "center");
}

function drawRaster(view, colors, t, layer, neuron) {
  const { tr, canvas, order } = view;
  const box = rasterBox(tr, canvas.clientWidth || 320);
  const { ctx, width, scale } = fit(canvas, box.height);
  const key = [width, scale, colors.paper, view.sorted].join();
  if (view.key !== key) Object.assign(view, { key, sheet: paintSpikes(tr, box, order(), colors, width, scale) });
  const now = LEFT + t * box.column;
  label(ctx, view.sorted ? "most active first" : "by index", LEFT, 8, colors.muted);
  ctx.fillStyle = colors.grid;
  ctx.globalAlpha = 0.7;
  ctx.fillRect(now, 16, Math.max(box.column, 2), box.height - 24);
  ctx.globalAlpha = 1;
  for (let l = 0; l < tr.layers; l++) drawFrameOfBand(ctx, colors, tr, box, l, t);
  const seen = now + box.column;
  ctx.drawImage(view.sheet, 0, 0, seen * scale, view.sheet.height, 0, 0, seen, box.height);
  drawChosenRow(ctx, colors, view, box, t, layer, neuron);
  label(ctx, `t = ${t}`, clamp(now + box.column / 2, LEFT + 110, width - 24), 8, colors.ink, "center");
}

function drawChosenRow(ctx, colors, { tr, order }, box, t, layer, neuron) {
  const row = box.band / tr.neurons;
  const y = box.top(layer) + (order()[layer].indexOf(neuron) + 0.5) * row;
  const half = Math.max(row / 2, 3);
  ctx.fillStyle = colors.paper;
  ctx.globalAlpha = 0.8;
  ctx.fillRect(LEFT, y - half - 1, (t + 1) * box.column, 2 * half + 2);
  ctx.globalAlpha = 1;
  polyline(ctx, [[LEFT - 4, y], [box.right, y]], colors.muted, 0.6);
  ctx.fillStyle = colors.spike;
  for (let i = 0; i <= t; i++)
    if (fired(tr, layer, i, neuron)) ctx.fillRect(LEFT + i * box.column, y - half, Math.max(box.column * 0.86, 1.4), 2 * half);
  ctx.beginPath();
  [[LEFT - 5, y], [LEFT - 13, y - 5], [LEFT - 13, y + 5]].forEach(([px, py], i) => (i ? ctx.lineTo(px, py) : ctx.moveTo(px, py)));
  ctx.fill();
}

function drawMembrane(canvas, colors, tr, t, l, n) {
  const height = 150;
  const { ctx, width } = fit(canvas, height);
  const column = (width - RIGHT - LEFT) / tr.steps;
  const at = 2 * (l * tr.neurons + n);
  const thr = tr.thr[l * tr.neurons + n];
  const reach = Math.max(tr.scale[at], tr.scale[at + 1], 1e-6);
  const high = Math.max(tr.scale[at + 1], 0.12 * reach);
  const y = (e) => 30 + ((high - e) / (high + tr.scale[at])) * (height - 58);
  const x = (i) => LEFT + (i + 0.5) * column;
  ctx.fillStyle = colors.grid;
  ctx.globalAlpha = 0.7;
  ctx.fillRect(LEFT + t * column, 20, Math.max(column, 2), height - 40);
  ctx.globalAlpha = 1;
  polyline(ctx, [[LEFT, y(0)], [width - RIGHT, y(0)]], colors.threshold, 1.4, [6, 4]);
  // a fraction of a pixel must not decide what the eye reads: fired is drawn above, silent below
  const drawn = (i) => (fired(tr, l, i, n) ? Math.min(y(excess(tr, l, i, n)), y(0) - 2.5) : Math.max(y(excess(tr, l, i, n)), y(0) + 1.5));
  const past = Array.from({ length: t + 1 }, (_, i) => [x(i), drawn(i)]);
  polyline(ctx, past, colors.membrane, 1.6);
  past.forEach(([px, py], i) => fired(tr, l, i, n) && dot(ctx, px, py, clamp(column * 0.75, 2, 3.6), colors.spike));
  dot(ctx, ...past[t], 4.5, fired(tr, l, t, n) ? colors.spike : colors.membrane, colors.paper);
  label(ctx, `θ ${thr.toFixed(2)}`, LEFT - 5, y(0), colors.ink, "right");
  const value = thr + excess(tr, l, t, n);
  const verdict = fired(tr, l, t, n) ? "above θ: fired" : "not above θ: silent";
  const name = width < 380 ? `neuron ${n}` : `membrane of neuron ${n}, layer ${l + 1}`;
  label(ctx, `${name}: U = ${signed(value)}, ${verdict}`, 4, 9, colors.ink);
  for (let i = 0; i < tr.steps; i += tr.steps > 80 ? 20 : 10) label(ctx, String(i), x(i), height - 8, colors.muted, "center");
  return `Membrane of neuron ${n} of layer ${l + 1} at step ${t}: ${value.toFixed(2)}, ${verdict}; threshold ${thr.toFixed(2)}.`;
}

// ---------------------------------------------------------------- parts of the page

/** The text as one span per token; what is not read yet takes its place but is not seen. */
function textPart(tr, go) {
  const written = tr.prompt > 0 && tr.prompt < tr.tokens.length;
  const spans = tr.tokens.map((token, t) => {
    const kind = written && t >= tr.prompt ? "rs-written" : "rs-read";
    const span = h("span", { class: `rs-token ${kind}` }, visible(token) === token || token.trim() === "" && token !== "\n" ? token : visible(token));
    span.addEventListener("click", () => go(t));
    return span;
  });
  const flow = spans.flatMap((span, t) => (tr.tokens[t].includes("\n") ? [span, h("br")] : [span]));
  const legend = written
    ? h("p", { class: "rs-legend" }, h("span", { class: "rs-read" }, "prompt: underlined"), " · ", h("span", { class: "rs-written" }, "written by Sam: bold"))
    : null;
  const box = h("div", { class: "rs-text", tabindex: "0", role: "region", "aria-label": "The text", "data-testid": "text" }, ...flow);
  const show = (t) => {
    spans.forEach((span, i) => {
      span.classList.toggle("rs-future", i > t);
      span.classList.toggle("rs-now", i === t);
      span.textContent = i === t && tr.tokens[i] === " " ? "␣" : span.textContent === "␣" ? " " : span.textContent;
    });
    const [at, line] = [spans[t].offsetTop, 30];
    if (at >= box.scrollTop && at + line <= box.scrollTop + box.clientHeight) return;
    const tops = spans.slice(0, t + 1).map((span) => span.offsetTop); // scroll to the start of a line
    box.scrollTop = Math.max(...tops.filter((top) => top <= at - box.clientHeight / 2), tops[0]) - tops[0];
  };
  return { el: h("div", {}, box, legend), show };
}

/** What Sam expects next at each step; what really came is marked. */
function nextPart(tr) {
  const wide = tr.p.length / tr.steps;
  const bars = barsPart(wide, "What Sam expects next", "came-next");
  const show = (t) => {
    const next = tr.tokens[t + 1];
    const rank = tr.chars[t].indexOf(next);
    bars.show(tr.chars[t], tr.p.subarray(t * wide, (t + 1) * wide), rank,
      next == null ? "End of the trace." : `◀ came next: ${spoken(next)}${rank < 0 ? `, not among these ${wide}` : ""}`);
  };
  return { el: bars.el, show };
}

function firedPart(tr) {
  const live = h("div", { class: "rs-says", "aria-live": "polite", "aria-atomic": "true", "data-testid": "fired" });
  const all = h("p", { class: "rs-all" });
  const more = h("details", {}, h("summary", {}, "All that fired"), all);
  let full = "";
  more.addEventListener("toggle", () => (all.textContent = full));
  const show = (t, playing) => {
    const { head, parts, layers } = describeStep(tr, t);
    live.setAttribute("aria-live", playing ? "off" : "polite");
    live.replaceChildren(h("strong", {}, head), ...parts.map((part) => h("span", { class: "rs-line" }, ` ${part}`)));
    full = layers.map((f, l) => `Layer ${l + 1}: ${f.join(", ") || "none"}.`).join(" ");
    if (more.open) all.textContent = full;
  };
  return { el: h("div", {}, live, more), show };
}

/** Layer, neuron and order of rows, as native form controls. */
function chooser(tr, model, pick, sort) {
  const names = Array.from({ length: tr.layers }, (_, l) => [String(l), `layer ${l + 1}`]);
  const layer = choice({ name: "Layer", options: names, value: String(model.get("layer")), testid: "layer", onchange: (v) => pick(+v, model.get("neuron")) });
  const id = uid("neuron");
  const neuron = h("input", { id, type: "number", min: 0, max: tr.neurons - 1, step: 1, "data-testid": "neuron" });
  neuron.addEventListener("change", () => pick(model.get("layer"), clamp(Math.round(+neuron.value || 0), 0, tr.neurons - 1)));
  const order = choice({ name: "Rows", options: [["index", "by index"], ["active", "most active first"]], value: "index", testid: "order", onchange: (v) => sort(v === "active") });
  const el = h("div", { class: "rs-row rs-chooser" }, layer.el, h("div", { class: "rs-choice" }, h("label", { for: id }, "Neuron"), neuron), order.el);
  const show = () => {
    layer.select.value = String(model.get("layer"));
    neuron.value = model.get("neuron");
  };
  return { el, show };
}

/** A click on the raster chooses the neuron: one that fired near the pointer, if there is one. */
function neuronUnder(view, event, upTo) {
  const { tr, canvas, order } = view;
  const { left, top, width } = canvas.getBoundingClientRect();
  const box = rasterBox(tr, width);
  const y = event.clientY - top;
  const l = clamp(Math.floor((y - 18) / (box.band + box.gap)), 0, tr.layers - 1);
  const per = box.band / tr.neurons;
  const row = clamp(Math.floor((y - box.top(l)) / per), 0, tr.neurons - 1);
  const t = Math.floor((event.clientX - left - LEFT) / box.column);
  const span = Math.ceil(4 / per);
  for (let d = 0; t >= 0 && t <= upTo && d <= span; d++)
    for (const r of [row - d, row + d]) if (order()[l][r] != null && fired(tr, l, t, order()[l][r])) return [l, order()[l][r]];
  return [l, order()[l][row]];
}

// ---------------------------------------------------------------- the widget

function keysFor({ go, step, last, along, toggle }) {
  const keys = {
    ArrowRight: () => go(step() + 1), ArrowLeft: () => go(step() - 1),
    Home: () => go(0), End: () => go(last), PageDown: () => go(step() + 10), PageUp: () => go(step() - 10),
    ArrowDown: () => along(1), ArrowUp: () => along(-1), " ": toggle,
  };
  return (event) => {
    if (!keys[event.key]) return false;
    keys[event.key]();
    return true;
  };
}

function renderStepper({ model, el }) {
  const tr = readTrace(model);
  const rows = orderRows(tr);
  const canvas = h("canvas", { role: "img", class: "rs-click", "data-testid": "raster" });
  const view = { tr, canvas, sorted: false, order: () => (view.sorted ? rows.active : rows.index) };
  const step = () => clamp(model.get("step"), 0, tr.steps - 1);
  const go = (t) => save(model, "step", clamp(Math.round(t), 0, tr.steps - 1));
  const pick = (l, n) => (save(model, "layer", l), save(model, "neuron", n));
  const along = (d) => {
    const [l, order] = [model.get("layer"), view.order()[model.get("layer")]];
    const at = order.indexOf(model.get("neuron")) + d;
    if (order[at] != null) pick(l, order[at]);
    else if (view.order()[l + d]) pick(l + d, view.order()[l + d].at(d > 0 ? 0 : -1));
  };
  let parts; // set below, once the player exists
  const play = player(
    () => (go(step() + 1), step() < tr.steps - 1),
    (on) => (parts.bar.showPlay(on), on || parts.who.show(step(), false)),
  );
  const start = () => {
    if (!play.playing() && step() === tr.steps - 1) go(0);
    play.toggle();
  };
  parts = {
    bar: transport({ name: "Step", last: tr.steps - 1, at: step, go, play: () => play, start }),
    text: textPart(tr, go), next: nextPart(tr), who: firedPart(tr),
    pick: chooser(tr, model, pick, (on) => ((view.sorted = on), shown.redraw())),
    membrane: h("canvas", { role: "img", "data-testid": "membrane" }),
  };
  const help = "Left and right step, Home and End jump, space plays, up and down choose a neuron.";
  const root = frame(`Spikes of Sam, step by step. ${help}`, "raster-stepper", keysFor({ go, step, last: tr.steps - 1, along, toggle: start }));
  root.append(
    parts.text.el, parts.bar.el,
    h("div", { class: "rs-split" },
      h("div", { class: "rs-main" }, canvas, parts.membrane, parts.pick.el),
      h("div", { class: "rs-side" }, parts.next.el, tr.layers > 2 ? null : parts.who.el)),
    tr.layers > 2 ? parts.who.el : "", h("p", { class: "rs-muted rs-help" }, `Keys: ${help} Click the raster to choose a neuron.`),
  );
  const shown = mount(el, root, (colors) => {
    drawRaster(view, colors, step(), model.get("layer"), model.get("neuron"));
    parts.membrane.setAttribute("aria-label", drawMembrane(parts.membrane, colors, tr, step(), model.get("layer"), model.get("neuron")));
  });
  return wire({ model, tr, canvas, view, step, pick, play, parts, shown });
}

/** Connect traits, pointer and player; returns the clean-up. */
function wire({ model, tr, canvas, view, step, pick, play, parts, shown }) {
  const changed = () => {
    const t = step();
    parts.bar.scrub.show(t);
    parts.text.show(t);
    parts.next.show(t);
    parts.who.show(t, play.playing());
    parts.pick.show();
    canvas.setAttribute("aria-label", `Raster of ${tr.layers} layers of ${tr.neurons} neurons up to step ${t}.`);
    shown.redraw();
  };
  changed();
  canvas.addEventListener("click", (event) => pick(...neuronUnder(view, event, step())));
  const stop = listen(model, ["step", "layer", "neuron"], changed);
  if (model.get("autoplay") && !matchMedia("(prefers-reduced-motion: reduce)").matches) play.start();
  return () => {
    play.stop();
    stop();
    shown.stop();
  };
}

export { describeStep, excess, fired, firedAt, orderRows, readTrace, spoken, unpackBits, visible };
export default { render: renderStepper };
