// The step, the slope that stands in for its gradient, and which membranes it reaches.

const MEAN = -0.77; // a layer's membranes, measured from the threshold: 10 % lie above it
const SPREAD = 0.6;
const REACH = 2; // x runs from -2 to 2

const surrogate = (x, k) => 1 / (1 + k * Math.abs(x)) ** 2;
/** Integral of the surrogate from 0 to x. */
const surrogateIntegral = (x, k) => x / (1 + k * Math.abs(x));
/** |x| inside which the surrogate is above `level`. */
const reachOf = (k, level = 0.1) => (1 / Math.sqrt(level) - 1) / k;

/** Normal distribution function, error below 1e-7 (Abramowitz & Stegun 26.2.17). */
function normalCdf(z) {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const poly = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * poly;
  return z > 0 ? 1 - tail : tail;
}

/** Share of normally distributed membranes whose surrogate gradient is above `level`. */
function shareReached(k, level = 0.1, mean = MEAN, spread = SPREAD) {
  const c = reachOf(k, level);
  return normalCdf((c - mean) / spread) - normalCdf((-c - mean) / spread);
}

function describeSurrogate(x, k) {
  const side = x > 0 ? "above the threshold: it fires" : "not above the threshold: it stays silent";
  return `x = U − θ = ${signed(x)}, ${side}. True gradient ${x === 0 ? "undefined" : "0"}, ` +
    `surrogate gradient ${surrogate(x, k).toFixed(2)}. With slope k = ${k.toFixed(1)}, ` +
    `${percent(shareReached(k), 0)} of the membranes below get a gradient above 0.1.`;
}

const range = (n) => Array.from({ length: n + 1 }, (_, i) => -REACH + (2 * REACH * i) / n);

function panel(ctx, colors, { left, right, top, base, title, low = 0, high = 1, ticks = [0, 1] }) {
  const y = (v) => base - ((v - low) / (high - low)) * (base - top);
  for (const v of ticks) {
    polyline(ctx, [[left, y(v)], [right, y(v)]], colors.grid, 0.8);
    label(ctx, String(v), left - 6, y(v), colors.muted, "right");
  }
  label(ctx, title, 2, top - 18, colors.ink);
  return y;
}

function drawForward(ctx, colors, box, x, k, at) {
  const y = panel(ctx, colors, { ...box, top: 30, base: 120, title: "Forward: the step Θ(x); dashed: ½ + ∫ surrogate", high: 1.06 });
  polyline(ctx, range(200).map((v) => [x(v), y(0.5 + surrogateIntegral(v, k))]), colors.surrogate, 2, [5, 3]);
  polyline(ctx, [[x(-REACH), y(0)], [x(0), y(0)], [x(0), y(1)], [x(REACH), y(1)]], colors.membrane, 2.5);
  dot(ctx, x(at), y(at > 0 ? 1 : 0), 6, colors.spike, colors.paper);
}

function drawBackward(ctx, colors, box, x, k, at) {
  const y = panel(ctx, colors, { ...box, top: 168, base: 278, title: "Backward: 1/(1 + k|x|)² instead of the true gradient", high: 1.06, ticks: [0, 0.5, 1] });
  const curve = range(400).map((v) => [x(v), y(surrogate(v, k))]);
  area(ctx, curve, y(0), colors.surrogate, 0.18);
  polyline(ctx, curve, colors.surrogate, 2, [5, 3]);
  polyline(ctx, [[x(-REACH), y(0)], [x(REACH), y(0)]], colors["true-gradient"], 2.5);
  label(ctx, "solid: true gradient, 0", x(-REACH) + 4, y(0) + 13, colors.ink);
  const top = y(surrogate(at, k));
  polyline(ctx, [[x(at), y(0)], [x(at), top]], colors.spike, 2);
  dot(ctx, x(at), top, 6, colors.spike, colors.paper);
  const side = at > 0 ? 1 : -1; // on the outer side of the peak
  const near = Math.abs(at) > 1.7 ? -side : side;
  label(ctx, surrogate(at, k).toFixed(2), x(at) + 11 * near, Math.min(top, y(0) - 14), colors.ink, near > 0 ? "left" : "right", colors.paper);
}

function drawPopulation(ctx, colors, box, x, k) {
  const title = `A layer's membranes; hatched: the ${percent(shareReached(k), 0)} with gradient > 0.1`;
  const y = panel(ctx, colors, { ...box, top: 336, base: 386, title, ticks: [] });
  const c = Math.min(reachOf(k), REACH);
  const bell = (v) => y(Math.exp(-0.5 * ((v - MEAN) / SPREAD) ** 2));
  const outline = range(200).map((v) => [x(v), bell(v)]);
  const inside = range(200).map((v) => clamp(v, -c, c)).map((v) => [x(v), bell(v)]);
  area(ctx, outline, y(0), colors.grid, 1);
  area(ctx, inside, y(0), colors.surrogate, 0.35);
  ctx.save();
  ctx.beginPath();
  ctx.moveTo(x(-c), y(0));
  [...inside, [x(c), y(0)]].forEach(([px, py]) => ctx.lineTo(px, py));
  ctx.clip();
  for (let px = x(-c) - 60; px < x(c); px += 7) polyline(ctx, [[px, 390], [px + 60, 330]], colors.surrogate, 1.2);
  ctx.restore();
  polyline(ctx, outline, colors.muted, 1.5);
}

function drawExplorer(canvas, colors, k, at) {
  const { ctx, width } = fit(canvas, 426);
  const box = { left: 34, right: width - 12 };
  const x = (v) => box.left + ((v + REACH) / (2 * REACH)) * (box.right - box.left);
  for (const [top, base] of [[26, 120], [164, 278], [332, 386]])
    polyline(ctx, [[x(0), top], [x(0), base]], colors.threshold, 1.2, [6, 4]);
  drawForward(ctx, colors, box, x, k, at);
  drawBackward(ctx, colors, box, x, k, at);
  drawPopulation(ctx, colors, box, x, k);
  for (const v of [-2, -1, 0, 1, 2]) label(ctx, v === 0 ? "θ" : signed(v, 0), x(v), 398, colors.muted, "center");
  label(ctx, "membrane minus threshold, x = U − θ", (box.left + box.right) / 2, 416, colors.muted, "center");
}

/** Drag on the canvas to move x. */
function dragX(canvas, setX) {
  const move = (event) => {
    const { left, width } = canvas.getBoundingClientRect();
    const v = ((event.clientX - left - 34) / (width - 46)) * 2 * REACH - REACH;
    setX(clamp(Math.round(v * 100) / 100, -REACH, REACH));
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    move(event);
  });
  canvas.addEventListener("pointermove", (event) => event.buttons && move(event));
}

function renderExplorer({ model, el }) {
  const setX = (v) => save(model, "x", v);
  const slope = slider({ name: "Slope k", min: 0.5, max: 50, step: 0.5, value: model.get("slope"), say: (v) => v.toFixed(1), testid: "surrogate-slope", oninput: (v) => save(model, "slope", v) });
  const where = slider({ name: "Membrane x = U − θ", min: -REACH, max: REACH, step: 0.01, value: model.get("x"), say: (v) => signed(v), testid: "surrogate-x", oninput: setX });
  const canvas = h("canvas", { role: "img", class: "rs-drag", "data-testid": "surrogate-canvas" });
  const says = h("p", { class: "rs-says", "aria-live": "polite", "data-testid": "surrogate-says" });
  const root = frame("Surrogate gradient. Left and right move the membrane, up and down the slope.", "surrogate-explorer", (event) => {
    const dx = { ArrowRight: 0.05, ArrowLeft: -0.05 }[event.key];
    const dk = { ArrowUp: 0.5, ArrowDown: -0.5 }[event.key];
    const jump = { Home: -REACH, End: REACH }[event.key];
    if (dx) setX(clamp(+(model.get("x") + dx).toFixed(2), -REACH, REACH));
    if (dk) save(model, "slope", clamp(model.get("slope") + dk, 0.5, 50));
    if (jump) setX(jump);
    return dx || dk || jump;
  });
  root.append(canvas, says, h("div", { class: "rs-knobs" }, slope.el, where.el));
  const view = mount(el, root, (colors) => drawExplorer(canvas, colors, model.get("slope"), model.get("x")));
  const changed = () => {
    slope.show(model.get("slope"));
    where.show(model.get("x"));
    says.textContent = describeSurrogate(model.get("x"), model.get("slope"));
    canvas.setAttribute("aria-label", `Step, surrogate gradient and membranes. ${says.textContent}`);
    view.redraw();
  };
  changed();
  dragX(canvas, setX);
  const stop = listen(model, ["slope", "x"], changed);
  return () => (stop(), view.stop());
}

export { describeSurrogate, normalCdf, reachOf, shareReached, surrogate, surrogateIntegral };
export default { render: renderExplorer };
