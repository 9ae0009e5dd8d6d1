// Axes and lines on a canvas: for the widgets that show a quantity over time.

/** Up to `n` round numbers inside [low, high]. */
function ticks(low, high, n = 5) {
  const span = Math.max(high - low, 1e-9);
  const power = 10 ** Math.floor(Math.log10(span / n));
  const unit = [1, 2, 2.5, 5, 10].map((u) => u * power).find((u) => span / u <= n);
  const out = [];
  for (let v = Math.ceil(low / unit - 1e-6) * unit; v <= high + 1e-6 * span; v += unit) out.push(+v.toPrecision(10));
  return out;
}

/** Grid lines, numbers on the left and a title above a panel; returns the way from value to pixel. */
function axes(ctx, colors, { left, right, top, base, low, high, title, say = String, n = 4 }) {
  const y = (v) => base - ((v - low) / (high - low)) * (base - top);
  for (const v of ticks(low, high, n)) {
    polyline(ctx, [[left, y(v)], [right, y(v)]], colors.grid, 0.8);
    label(ctx, say(v), left - 6, y(v), colors.muted, "right");
  }
  label(ctx, title, 2, top - 16, colors.ink, "left", colors.paper);
  return y;
}

/** A line through (x, y) pixels that stops where a value is missing and goes on behind it. */
function series(ctx, points, color, width = 2, dash = []) {
  let run = [];
  for (const point of [...points, [NaN, NaN]]) {
    if (Number.isFinite(point[1])) run.push(point);
    else if (run.length) run = (run.length > 1 ? polyline(ctx, run, color, width, dash) : dot(ctx, ...run[0], width, color)) ?? [];
  }
}

/** The area between two lines, filled. */
function ribbon(ctx, upper, lower, color, alpha) {
  ctx.save();
  Object.assign(ctx, { fillStyle: color, globalAlpha: alpha });
  ctx.beginPath();
  [...upper, ...lower.toReversed()].forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
  ctx.fill();
  ctx.restore();
}

/** The heights of labels that want to stand at `wanted`, moved apart to `gap`, inside [top, base]. */
function spread(wanted, gap, top, base) {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
  const at = order.map((i) => wanted[i]);
  for (let i = 1; i < at.length; i++) at[i] = Math.max(at[i], at[i - 1] + gap);
  const middle = (list) => list.reduce((a, b) => a + b, 0) / list.length;
  const up = middle(at) - middle(wanted); // a crowd stays around the middle of its lines
  at.forEach((v, i) => (at[i] = Math.max(v - up, top + i * gap)));
  at.forEach((v, i) => (at[i] = Math.min(v, base - (at.length - 1 - i) * gap)));
  const out = [];
  order.forEach((i, k) => (out[i] = at[k]));
  return out;
}

/** The number of each layer beside the end of its line, joined to it by a stroke of its color. */
function endLabels(ctx, colors, right, heights, inks, top, base) {
  spread(heights, 12, top, base).forEach((y, i) => {
    polyline(ctx, [[right + 1, heights[i]], [right + 9, y]], inks[i], 1.6);
    label(ctx, String(i + 1), right + 13, y, colors.ink);
  });
}

/** A shaded row between two values: the band in which a rate should lie. */
function shade(ctx, colors, left, right, y, [low, high], color) {
  ctx.save();
  Object.assign(ctx, { fillStyle: color, globalAlpha: 0.16 });
  ctx.fillRect(left, y(high), right - left, y(low) - y(high));
  ctx.restore();
}

/** Numbers under the horizontal axis at the height `y`, and at its left what they count. */
function below(ctx, colors, y, unit, marks, x, say = String) {
  label(ctx, unit, 2, y, colors.muted);
  const taken = ctx.measureText(unit).width + 10;
  for (const v of marks)
    if (x(v) - ctx.measureText(say(v)).width / 2 > taken) label(ctx, say(v), x(v), y, colors.muted, "center");
}

/** Call `move(x, y)`, in CSS pixels of the canvas, while a pointer is pressed on it. */
function dragOver(canvas, move) {
  const tell = (event) => {
    const { left, top } = canvas.getBoundingClientRect();
    move(event.clientX - left, event.clientY - top);
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    tell(event);
  });
  canvas.addEventListener("pointermove", (event) => event.buttons && tell(event));
}

const millions = (n) => (n >= 1e6 ? `${(n / 1e6).toFixed(n >= 1e7 ? 1 : 2)}\u00a0M` : `${Math.round(n / 1e3)}\u00a0k`);
const BAND = [0.08, 0.12]; // the firing rates that Sam aims at
