// Scrub through a training run: loss and firing rates over tokens, the phase, and what Sam wrote.

const LEARNS = {
  words: "Single words: which pieces follow each other inside a word, and where it ends.",
  phrases: "A few words at a time: which word may stand beside which.",
  sentences: "Whole sentences: who does what, in which order, and where the full stop goes.",
  stories: "Stories: names, places and things stay the same from one sentence to the next.",
  conversations: "Two speakers take turns, and a reply has to fit. The learning rate starts afresh.",
  mixed: "All kinds of text side by side, so that nothing learnt before is lost.",
};
const STORIES = ["stories", "mixed", ""]; // phases validated on stories, as the control is
const EDGE = { left: 44, right: 28 };

/** The traits, unpacked: one Float32Array per column, rates (n, L), control columns. */
function readRun(model) {
  const columns = (fields, bytes) => {
    const all = toFloats(bytes);
    const n = all.length / fields.length;
    return Object.fromEntries(fields.map((name, k) => [name, all.subarray(k * n, (k + 1) * n)]));
  };
  const run = columns(model.get("fields"), model.get("numbers"));
  const n = run.tokens.length;
  const rates = toFloats(model.get("rates"));
  const control = columns(["tokens", "loss", "val"], model.get("control_numbers"));
  const phases = model.get("phases").map((phase, k, all) => ({ ...phase, last: (all[k + 1]?.first ?? n) - 1 }));
  const end = Math.max(run.tokens.at(-1), control.tokens.at(-1) ?? 0);
  return {
    ...run, n, rates, layers: rates.length / n, control, phases, end,
    samples: model.get("samples"), valLabel: model.get("val_label"),
    has: (name) => run[name]?.some(Number.isFinite) ?? false,
  };
}

const phaseAt = (run, i) => run.phases.findLastIndex((phase) => phase.first <= i);
/** Tokens at which phase k starts: where the validation before it stood. */
const phaseStart = (run, k) => (k ? run.tokens[run.phases[k].first - 1] : 0);

/**
 * The control's validation loss at the tokens of entry i, between its two nearest validations.
 * Only where both were validated on the same text: in other phases the two cannot be compared.
 */
function controlAt(run, i) {
  const [control, tokens] = [run.control, run.tokens[i]];
  if (!STORIES.includes(run.phases[phaseAt(run, i)].name)) return NaN;
  const k = control.tokens.findIndex((x) => x >= tokens);
  if (k < 0 || tokens < control.tokens[0]) return NaN;
  if (k === 0) return control.val[0];
  const [a, b] = [control.tokens[k - 1], control.tokens[k]];
  return control.val[k - 1] + ((tokens - a) / (b - a)) * (control.val[k] - control.val[k - 1]);
}

/** What entry i holds, as [name, value] rows in words. Losses are nats per token. */
function describeEntry(run, i) {
  const nats = (v) => `${v.toFixed(2)}\u00a0nats`;
  const rows = [["tokens read", millions(run.tokens[i])], ["training loss", nats(run.loss[i])]];
  const put = (name, words, say) => Number.isFinite(run[name]?.[i]) && rows.push([words, say(run[name][i])]);
  put("val", `${run.valLabel} loss`, nats);
  put("val", "perplexity", (v) => Math.exp(v).toFixed(1));
  const beside = controlAt(run, i);
  if (Number.isFinite(beside)) rows.push(["control, same tokens", nats(beside)]);
  put("rate", "firing rate", (v) => `${percent(v)}, ${v < BAND[0] ? "too low" : v > BAND[1] ? "too high" : "in\u00a0band"}`);
  put("alive", "neurons that fire", (v) => percent(v));
  put("stress", "stress", (v) => v.toFixed(2));
  put("lr", "learning rate", (v) => v.toPrecision(2));
  return rows;
}

/** The phase of entry i: its name, what it is about, and its line of the phase table. */
function describePhase(run, i) {
  const k = phaseAt(run, i);
  const phase = run.phases[k];
  const level = Number.isFinite(phase.val) ? ` at ${phase.val.toFixed(2)} nats, perplexity ${(phase.perplexity ?? Math.exp(phase.val)).toFixed(1)},` : "";
  const why = { converged: " because the loss had converged", budget: " because its budget was spent" }[phase.ended] ?? "";
  const facts = [
    phase.seq_len && `${phase.seq_len} tokens at a time`, phase.epochs && `${+phase.epochs.toPrecision(2)} ${phase.epochs === 1 ? "epoch" : "epochs"}`,
    (level || why) && `ended${level}${why}`.replace(/,$/, ""),
  ];
  return {
    title: run.phases.length > 1 ? `Phase ${k + 1} of ${run.phases.length}: ${phase.name}` : phase.name || "A training run",
    learns: LEARNS[phase.name] ?? "", facts: facts.filter(Boolean).join(" · "),
  };
}

// ---------------------------------------------------------------- drawing

/** The strip of phases on top, and their bands behind every panel. */
function drawPhases(ctx, colors, run, x, now, boxes) {
  run.phases.forEach((phase, k) => {
    const [from, to] = [x(phaseStart(run, k)), x(run.tokens[phase.last])];
    for (const { top, base } of Object.values(boxes)) {
      ctx.fillStyle = colors.panel;
      if (k % 2 === 0) ctx.fillRect(from, top - 4, to - from, base - top + 4);
      if (k) polyline(ctx, [[from, top - 4], [from, base]], colors.muted, 0.8, [2, 3]);
    }
    ctx.fillStyle = k === now ? colors.membrane : k % 2 ? colors.paper : colors.panel;
    ctx.fillRect(from, 4, Math.max(to - from, 2), 19);
    ctx.font = `${k === now ? "600 " : ""}${ctx.font.replace(/^600 /, "")}`;
    const name = [`${k + 1} ${phase.name}`, String(k + 1)].find((s) => ctx.measureText(s).width + 8 <= to - from);
    if (name && phase.name) label(ctx, name, (from + to) / 2, 14, k === now ? colors.paper : colors.ink, "center");
    ctx.font = ctx.font.replace(/^600 /, "");
  });
}

/** What lies behind the cursor in full color, what is still to come pale. */
function pastAndFuture(ctx, at, width, height, draw) {
  for (const [from, to, alpha] of [[0, at, 1], [at, width, 0.28]]) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(from, 0, to - from, height);
    ctx.clip();
    ctx.globalAlpha = alpha;
    draw();
    ctx.restore();
  }
}

const extent = (...lists) => {
  const values = lists.flatMap((list) => [...(list ?? [])]).filter(Number.isFinite);
  return values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
};
const pair = (xs, ys, x, y) => Array.from(xs, (v, i) => [x(v), y(ys[i])]);

function drawLoss(ctx, colors, run, box, x, i) {
  const [lowest, highest] = extent(run.loss, run.val, run.control.val, run.control.loss);
  const [low, high] = [Math.floor(lowest * 4) / 4, highest + 0.04 * (highest - lowest) + 0.02];
  const y = axes(ctx, colors, { ...box, low, high, title: "loss, nats per token" });
  pastAndFuture(ctx, x(run.tokens[i]), box.width, box.base + 2, () => {
    if (run.control.tokens.length) series(ctx, pair(run.control.tokens, run.control.val, x, y), colors.current, 2, [1.5, 3]);
    for (const { first, last } of run.phases) { // each phase reads other text: no line joins them
      const part = (values) => pair(run.tokens, values, x, y).slice(first, last + 1);
      series(ctx, part(run.loss), colors.muted, 1.6, [6, 3]);
      if (run.has("val")) series(ctx, part(run.val), colors.membrane, 2.4);
    }
  });
  const beside = controlAt(run, i);
  if (Number.isFinite(beside)) dot(ctx, x(run.tokens[i]), y(beside), 4, colors.paper, colors.current);
  if (Number.isFinite(run.loss[i])) dot(ctx, x(run.tokens[i]), y(run.loss[i]), 4, colors.muted, colors.paper);
  if (Number.isFinite(run.val?.[i])) dot(ctx, x(run.tokens[i]), y(run.val[i]), 5.5, colors.spike, colors.paper);
}

function drawRates(ctx, colors, run, box, x, i) {
  const [lowest, highest] = extent(run.rates);
  const [low, high] = [Math.min(0.06, 0.95 * lowest), Math.max(0.14, 1.03 * highest)];
  const y = axes(ctx, colors, { ...box, low, high, title: "firing rate of each layer, shaded: 8 to 12 %", say: (v) => percent(v, 0), n: 3 });
  shade(ctx, colors, box.left, box.right, y, BAND, colors.target);
  const column = (l) => Float32Array.from({ length: run.n }, (_, k) => run.rates[k * run.layers + l]);
  const ink = (l) => colors[`layer${(l % 6) + 1}`];
  const lines = Array.from({ length: run.layers }, (_, l) => column(l));
  pastAndFuture(ctx, x(run.tokens[i]), box.width, box.base + 2, () =>
    lines.forEach((line, l) => series(ctx, pair(run.tokens, line, x, y), ink(l), 1.8)));
  const ends = lines.map((line) => y(line.findLast(Number.isFinite) ?? low));
  endLabels(ctx, colors, x(run.tokens.at(-1)), ends, lines.map((_, l) => ink(l)), box.top + 2, box.base);
  lines.forEach((line, l) => Number.isFinite(line[i]) && dot(ctx, x(run.tokens[i]), y(line[i]), 3.2, ink(l), colors.paper));
}

function drawStress(ctx, colors, run, box, x, i) {
  const y = axes(ctx, colors, { ...box, low: 0, high: Math.max(0.5, 1.1 * extent(run.stress)[1]), title: "stress, 0 to 1", n: 2 });
  pastAndFuture(ctx, x(run.tokens[i]), box.width, box.base + 2, () =>
    series(ctx, pair(run.tokens, run.stress, x, y), colors.stress, 2.2));
  if (Number.isFinite(run.stress[i])) dot(ctx, x(run.tokens[i]), y(run.stress[i]), 4, colors.stress, colors.paper);
}

/** Where the panels of this run stand: loss always, rates and stress when they were recorded. */
function layout(run) {
  const panels = [["loss", 180], run.layers && ["rates", 96], run.has("stress") && ["stress", 44]].filter(Boolean);
  let y = run.phases.length > 1 ? 28 : 0;
  const boxes = {};
  for (const [name, height] of panels) {
    boxes[name] = { top: y + 26, base: y + 26 + height };
    y = boxes[name].base + 8;
  }
  return { boxes, base: y - 8, height: y + 20 };
}

function drawRun(canvas, colors, run, i) {
  const { boxes, base, height } = layout(run);
  const { ctx, width } = fit(canvas, height);
  const [left, right] = [EDGE.left, width - EDGE.right];
  const x = (tokens) => left + ((right - left) * tokens) / run.end;
  const box = (name) => ({ ...boxes[name], left, right, width });
  if (run.phases.length > 1) drawPhases(ctx, colors, run, x, phaseAt(run, i), boxes);
  for (const panel of Object.values(boxes))
    polyline(ctx, [[x(run.tokens[i]), panel.top - 4], [x(run.tokens[i]), panel.base]], colors.spike, 1.5);
  drawLoss(ctx, colors, run, box("loss"), x, i);
  if (boxes.rates) drawRates(ctx, colors, run, box("rates"), x, i);
  if (boxes.stress) drawStress(ctx, colors, run, box("stress"), x, i);
  below(ctx, colors, base + 16, "tokens", ticks(0, run.end, width < 420 ? 3 : 5), x, millions);
}

// ---------------------------------------------------------------- parts of the page

function legendOf(run) {
  const parts = [["rs-key-val", run.valLabel], ["rs-key-loss", "training"], run.control.tokens.length && ["rs-key-control", run.phases.length > 1 ? "control without curriculum, on stories" : "control"]];
  const item = ([kind, words]) => h("span", { class: "rs-key" }, h("i", { class: kind, "aria-hidden": "true" }), words);
  const afresh = run.phases.length > 1 ? h("span", {}, "Each phase is validated on text of its own kind, mixed on stories, so its line starts afresh.") : null;
  return h("p", { class: "rs-legend rs-row" }, ...parts.filter(Boolean).map(item), afresh);
}

/** One button per phase, which jumps to its first validation. */
function phaseButtons(run, go) {
  const buttons = run.phases.map((phase, k) => h("button", { type: "button", onclick: () => go(phase.first) }, `${k + 1} ${phase.name}`));
  const el = run.phases.length > 1 ? h("div", { class: "rs-row rs-phases", role: "group", "aria-label": "Go to a phase" }, ...buttons) : "";
  const show = (i) => buttons.forEach((button, k) =>
    k === phaseAt(run, i) ? button.setAttribute("aria-current", "step") : button.removeAttribute("aria-current"));
  return { el, show };
}

function entryPart(run) {
  const [title, learns, facts] = [h("h4", { "data-testid": "phase" }), h("p"), h("p", { class: "rs-muted" })];
  const rows = h("div", { class: "rs-says rs-facts", "aria-live": "polite", "aria-atomic": "true", "data-testid": "replay-says" });
  const sample = h("div", { class: "rs-sample", tabindex: "0", role: "region", "aria-label": "What Sam wrote at this moment", "data-testid": "sample" });
  const wrote = run.samples.some(Boolean) ? h("div", { class: "rs-wrote" }, h("p", { class: "rs-muted" }, "What Sam wrote at this moment"), sample) : "";
  const show = (i, playing) => {
    const phase = describePhase(run, i);
    [title.textContent, learns.textContent, facts.textContent] = [phase.title, phase.learns, phase.facts];
    rows.setAttribute("aria-live", playing ? "off" : "polite");
    rows.replaceChildren(h("strong", {}, `Validation ${i + 1} of ${run.n}`),
      ...describeEntry(run, i).map(([name, value]) => h("span", {}, h("span", { class: "rs-muted" }, `${name}: `), h("b", {}, value))));
    sample.textContent = run.samples[i] || "(nothing was written here)";
    sample.scrollTop = 0;
  };
  return { head: h("div", { class: run.phases.length > 1 ? "rs-phase" : null }, title, learns, facts), rows, wrote, show };
}

// ---------------------------------------------------------------- the widget

function renderReplay({ model, el }) {
  const run = readRun(model);
  const at = () => clamp(model.get("entry"), 0, run.n - 1);
  const go = (i) => save(model, "entry", clamp(Math.round(i), 0, run.n - 1));
  const phase = (d) => go(run.phases[clamp(phaseAt(run, at()) + d, 0, run.phases.length - 1)].first);
  let bar; // set below, once the player exists
  const part = entryPart(run);
  const play = player(() => (go(at() + 1), at() < run.n - 1), (on) => (bar.showPlay(on), on || part.show(at(), false)));
  const start = () => {
    if (!play.playing() && at() === run.n - 1) go(0);
    play.toggle();
  };
  bar = transport({ name: "Validation", last: run.n - 1, at, go, play: () => play, start, say: (v) => `${v + 1} of ${run.n}` });
  const keys = {
    ArrowRight: () => go(at() + 1), ArrowLeft: () => go(at() - 1), Home: () => go(0), End: () => go(run.n - 1),
    PageDown: () => phase(1), PageUp: () => phase(-1), " ": start,
  };
  const help = "Left and right step, Home and End jump, page up and down change the phase, space plays.";
  const root = frame(`A training run, replayed. ${help}`, "curriculum-replay", (event) => keys[event.key] && (keys[event.key](), true));
  const canvas = h("canvas", { role: "img", class: "rs-drag", "data-testid": "replay-canvas" });
  const jump = phaseButtons(run, go);
  root.append(
    part.head, jump.el, bar.el,
    h("div", { class: "rs-split rs-replay" }, h("div", { class: "rs-main" }, canvas, legendOf(run)), h("div", { class: "rs-side" }, part.rows, part.wrote)),
    h("p", { class: "rs-muted rs-help" }, `Keys: ${help} Drag on the curves to move the cursor.`),
  );
  const view = mount(el, root, (colors) => drawRun(canvas, colors, run, at()));
  const changed = () => {
    bar.scrub.show(at());
    part.show(at(), play.playing());
    jump.show(at());
    canvas.setAttribute("aria-label", `Loss, firing rates and phases over tokens. ${describePhase(run, at()).title}.`);
    view.redraw();
  };
  changed();
  dragOver(canvas, (x) => {
    const tokens = ((x - EDGE.left) / (canvas.clientWidth - EDGE.left - EDGE.right)) * run.end;
    const off = Array.from(run.tokens, (v) => Math.abs(v - tokens));
    go(off.indexOf(Math.min(...off)));
  });
  const stop = listen(model, ["entry"], changed);
  if (model.get("autoplay") && !matchMedia("(prefers-reduced-motion: reduce)").matches) play.start();
  return () => (play.stop(), stop(), view.stop());
}

export { controlAt, describeEntry, describePhase, phaseAt, phaseStart, readRun, spread, ticks };
export default { render: renderReplay };
